/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.http.HttpService;
import org.osgi.util.tracker.ServiceTracker;

/** Registers the stand-ins, and the endpoints as soon as the OAuth service is there. */
public final class Activator implements BundleActivator {
    private static final String OAUTH = "org.wso2.carbon.identity.oauth2.OAuth2Service";
    private static final String HTTP = "org.osgi.service.http.HttpService";

    private ServiceTracker<Object, Object> oauth;

    @Override
    public void start(final BundleContext bundle) throws Exception {
        StandIns.register(bundle);
        oauth = new ServiceTracker<Object, Object>(bundle, OAUTH, null) {
            @Override
            public Object addingService(ServiceReference<Object> reference) {
                waitForHttp(bundle);
                return super.addingService(reference);
            }
        };
        oauth.open();
    }

    @Override
    public void stop(BundleContext bundle) {
        oauth.close();
    }

    private static void waitForHttp(final BundleContext bundle) {
        new ServiceTracker<Object, Object>(bundle, HTTP, null) {
            @Override
            public Object addingService(ServiceReference<Object> reference) {
                HttpService http = (HttpService) super.addingService(reference);
                Endpoints.register(bundle, http);
                return http;
            }
        }.open();
    }
}
