/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.osgi.framework.BundleContext;

/**
 * Services that do nothing, for mandatory references to bundles that no registry has. Components that wait for one of these start;
 * nothing that this Key Manager is used for calls them.
 */
final class StandIns {
    private static final String[] INTERFACES = {
        "org.wso2.carbon.identity.application.authentication.framework.ApplicationAuthenticator",
        "org.wso2.carbon.identity.thrift.authentication.ThriftAuthenticatorService",
        "org.wso2.carbon.registry.indexing.service.TenantIndexingLoader",
    };

    private StandIns() {
    }

    static void register(BundleContext bundle) throws ClassNotFoundException {
        for (String name : INTERFACES) {
            Class<?> type = Class.forName(name, false, StandIns.class.getClassLoader());
            // A loader of its own, because the interface's own bundle does not see this handler.
            ClassLoader loader = new ClassLoader(type.getClassLoader()) {
            };
            bundle.registerService(name, Proxy.newProxyInstance(loader, new Class<?>[] {type}, new Nothing(name)), null);
        }
    }

    private static final class Nothing implements InvocationHandler {
        private final String name;

        Nothing(String name) {
            this.name = name;
        }

        @Override
        public Object invoke(Object self, Method method, Object[] arguments) {
            switch (method.getName()) {
                case "equals":
                    return self == arguments[0];
                case "hashCode":
                    return System.identityHashCode(self);
                case "toString":
                    return "stand-in for " + name;
                default:
                    return nothing(method.getReturnType());
            }
        }

        private static Object nothing(Class<?> type) {
            if (type == boolean.class) {
                return false;
            }
            if (type == int.class) {
                return 0;
            }
            if (type == long.class) {
                return 0L;
            }
            return type == String.class ? "stand-in" : null;
        }
    }
}
