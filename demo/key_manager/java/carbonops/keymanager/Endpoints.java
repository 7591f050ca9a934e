/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.servlet.ServletException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.http.HttpContext;
import org.osgi.service.http.HttpService;
import org.osgi.service.http.NamespaceException;
import org.wso2.carbon.context.PrivilegedCarbonContext;
import org.wso2.carbon.identity.oauth2.OAuth2Service;

/**
 * The OAuth endpoints, in the place of a web application that is not published for this generation. They are HTTP in and out; client
 * authentication, tokens, validation and revocation are the work of the product's own services.
 */
abstract class Endpoints extends HttpServlet {
    static final String SUPER_TENANT = "carbon.super";
    static final int SUPER_TENANT_ID = -1234;

    private static final long serialVersionUID = 1L;

    private final transient BundleContext bundle;

    Endpoints(BundleContext bundle) {
        this.bundle = bundle;
    }

    static void register(BundleContext bundle, HttpService http) {
        Map<String, Endpoints> endpoints = new LinkedHashMap<>();
        endpoints.put("/oauth2/token", new TokenEndpoint(bundle));
        endpoints.put("/oauth2/revoke", new RevokeEndpoint(bundle));
        endpoints.put("/oauth2/introspect", new IntrospectEndpoint(bundle));
        endpoints.put("/oauth2/userinfo", new UserInfoEndpoint(bundle));
        endpoints.put("/oauth2/jwks", new KeysEndpoint(bundle));
        endpoints.put("/oauth2/oidcdiscovery/.well-known/openid-configuration", new DiscoveryEndpoint(bundle));
        HttpContext open = new OpenContext(http.createDefaultHttpContext());
        for (Map.Entry<String, Endpoints> endpoint : endpoints.entrySet()) {
            try {
                http.registerServlet(endpoint.getKey(), endpoint.getValue(), null, open);
            } catch (ServletException | NamespaceException error) {
                throw new IllegalStateException("The endpoint " + endpoint.getKey() + " cannot be registered.", error);
            }
        }
    }

    /** Answers a request, in the name of the tenant that every installation has. */
    abstract Answer answer(HttpServletRequest request) throws Exception;

    <T> T service(Class<T> type) {
        ServiceReference<T> reference = bundle.getServiceReference(type);
        if (reference == null) {
            throw new IllegalStateException("The service " + type.getName() + " is not there.");
        }
        return bundle.getService(reference);
    }

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        PrivilegedCarbonContext.startTenantFlow();
        try {
            // The product looks its own classes up by the loader of the thread.
            thread.setContextClassLoader(OAuth2Service.class.getClassLoader());
            PrivilegedCarbonContext.getThreadLocalCarbonContext().setTenantDomain(SUPER_TENANT, true);
            answer(request).send(response);
        } catch (Exception error) {
            log("No answer to " + request.getRequestURI(), error);
            Answer.error(HttpServletResponse.SC_INTERNAL_SERVER_ERROR, "server_error", "The log of the server says why.").send(response);
        } finally {
            PrivilegedCarbonContext.endTenantFlow();
            thread.setContextClassLoader(before);
        }
    }

    /** What goes back to the client. */
    static final class Answer {
        private final int status;
        private final Map<String, Object> body;

        Answer(int status, Map<String, Object> body) {
            this.status = status;
            this.body = body;
        }

        static Answer ok(Map<String, Object> body) {
            return new Answer(HttpServletResponse.SC_OK, body);
        }

        static Answer error(int status, String code, String description) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("error", code);
            body.put("error_description", description);
            return new Answer(status, body);
        }

        static Answer refused(String code, String description) {
            boolean client = "invalid_client".equals(code);
            return error(client ? HttpServletResponse.SC_UNAUTHORIZED : HttpServletResponse.SC_BAD_REQUEST, code, description);
        }

        void send(HttpServletResponse response) throws IOException {
            response.setStatus(status);
            response.setContentType("application/json");
            response.setCharacterEncoding("UTF-8");
            response.setHeader("Cache-Control", "no-store");
            response.setHeader("Pragma", "no-cache");
            if (status == HttpServletResponse.SC_UNAUTHORIZED) {
                response.setHeader("WWW-Authenticate", "Basic realm=\"oauth2\"");
            }
            response.getWriter().print(Json.write(body == null ? Collections.emptyMap() : body));
        }
    }

    /** Lets every request through: each endpoint asks for the credentials that it needs. */
    private static final class OpenContext implements HttpContext {
        private final HttpContext usual;

        OpenContext(HttpContext usual) {
            this.usual = usual;
        }

        @Override
        public boolean handleSecurity(HttpServletRequest request, HttpServletResponse response) {
            return true;
        }

        @Override
        public java.net.URL getResource(String name) {
            return null;
        }

        @Override
        public String getMimeType(String name) {
            return usual.getMimeType(name);
        }
    }
}
