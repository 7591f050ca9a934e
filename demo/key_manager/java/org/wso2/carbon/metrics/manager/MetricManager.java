/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package org.wso2.carbon.metrics.manager;

/** Stands in for a bundle that no registry has: it measures nothing. */
public final class MetricManager {
    private MetricManager() {
    }

    public static String name(String first, String... further) {
        return first + "." + String.join(".", further);
    }

    public static Timer timer(Level level, String name) {
        return () -> () -> 0L;
    }
}
