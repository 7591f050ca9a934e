/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package org.wso2.carbon.metrics.manager;

/** Measures how long something took. See {@link MetricManager}. */
public interface Timer {
    Context start();

    /** One measurement that runs. */
    interface Context {
        long stop();
    }
}
