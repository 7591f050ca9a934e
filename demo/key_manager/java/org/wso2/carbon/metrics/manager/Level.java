/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package org.wso2.carbon.metrics.manager;

/** How fine a measurement is. See {@link MetricManager}. */
public enum Level {
    OFF, INFO, DEBUG, TRACE, ALL
}
