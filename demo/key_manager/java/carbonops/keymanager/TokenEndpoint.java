/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.identity.oauth2.OAuth2Service;
import org.wso2.carbon.identity.oauth2.bean.OAuthClientAuthnContext;
import org.wso2.carbon.identity.oauth2.client.authentication.OAuthClientAuthnService;
import org.wso2.carbon.identity.oauth2.dto.OAuth2AccessTokenReqDTO;
import org.wso2.carbon.identity.oauth2.dto.OAuth2AccessTokenRespDTO;
import org.wso2.carbon.identity.oauth2.model.RequestParameter;

/** Issues tokens. */
final class TokenEndpoint extends Endpoints {
    private static final long serialVersionUID = 1L;

    TokenEndpoint(BundleContext bundle) {
        super(bundle);
    }

    /** Authenticates the client the way the product's own web application does. */
    static OAuthClientAuthnContext client(Endpoints endpoint, HttpServletRequest request) {
        Map<String, List> parameters = new HashMap<>();
        for (Map.Entry<String, String[]> parameter : request.getParameterMap().entrySet()) {
            parameters.put(parameter.getKey(), Arrays.asList(parameter.getValue()));
        }
        return endpoint.service(OAuthClientAuthnService.class).authenticateClient(request, parameters);
    }

    @Override
    Answer answer(HttpServletRequest request) {
        OAuthClientAuthnContext client = client(this, request);
        OAuth2AccessTokenReqDTO wanted = new OAuth2AccessTokenReqDTO();
        wanted.setoAuthClientAuthnContext(client);
        wanted.setClientId(client.getClientId());
        wanted.setTenantDomain(SUPER_TENANT);
        wanted.setGrantType(request.getParameter("grant_type"));
        wanted.setResourceOwnerUsername(request.getParameter("username"));
        wanted.setResourceOwnerPassword(request.getParameter("password"));
        wanted.setRefreshToken(request.getParameter("refresh_token"));
        wanted.setAuthorizationCode(request.getParameter("code"));
        wanted.setCallbackURI(request.getParameter("redirect_uri"));
        wanted.setPkceCodeVerifier(request.getParameter("code_verifier"));
        String scope = request.getParameter("scope");
        wanted.setScope(scope == null ? new String[0] : scope.trim().split(" +"));
        wanted.setRequestParameters(parameters(request));
        OAuth2AccessTokenRespDTO issued = service(OAuth2Service.class).issueAccessToken(wanted);
        if (issued.isError()) {
            return Answer.refused(issued.getErrorCode(), issued.getErrorMsg());
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("access_token", issued.getAccessToken());
        body.put("refresh_token", issued.getRefreshToken());
        body.put("scope", issued.getAuthorizedScopes());
        body.put("id_token", issued.getIDToken());
        body.put("token_type", "Bearer");
        body.put("expires_in", issued.getExpiresIn());
        return Answer.ok(body);
    }

    private static RequestParameter[] parameters(HttpServletRequest request) {
        List<RequestParameter> parameters = new ArrayList<>();
        for (Map.Entry<String, String[]> parameter : request.getParameterMap().entrySet()) {
            parameters.add(new RequestParameter(parameter.getKey(), parameter.getValue()));
        }
        return parameters.toArray(new RequestParameter[0]);
    }
}
