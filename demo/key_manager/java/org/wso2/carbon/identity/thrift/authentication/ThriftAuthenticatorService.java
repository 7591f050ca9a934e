/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package org.wso2.carbon.identity.thrift.authentication;

/** Stands in for the interface of a bundle that no registry has. Key validation over Thrift is off, so only its being there matters. */
public interface ThriftAuthenticatorService {
    boolean isAuthenticated(String sessionId);
}
