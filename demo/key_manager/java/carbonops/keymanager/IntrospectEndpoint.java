/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.context.CarbonContext;
import org.wso2.carbon.identity.oauth2.OAuth2TokenValidationService;
import org.wso2.carbon.identity.oauth2.dto.OAuth2IntrospectionResponseDTO;
import org.wso2.carbon.identity.oauth2.dto.OAuth2TokenValidationRequestDTO;
import org.wso2.carbon.user.api.UserRealm;
import org.wso2.carbon.user.api.UserStoreException;

/** Tells users who may see applications whether a token is active. */
final class IntrospectEndpoint extends Endpoints {
    // What ResourceAccessControl of identity.xml asks for this path.
    private static final String PERMISSION = "/permission/admin/manage/identity/applicationmgt/view";

    private static final long serialVersionUID = 1L;

    IntrospectEndpoint(BundleContext bundle) {
        super(bundle);
    }

    @Override
    Answer answer(HttpServletRequest request) throws Exception {
        if (!mayAsk(request)) {
            return Answer.error(HttpServletResponse.SC_UNAUTHORIZED, "invalid_client", "A user with " + PERMISSION + " may ask.");
        }
        OAuth2TokenValidationRequestDTO question = question(request.getParameter("token"));
        OAuth2IntrospectionResponseDTO found = service(OAuth2TokenValidationService.class).buildIntrospectionResponse(question);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("active", found.getError() == null && found.isActive());
        if (found.getError() == null && found.isActive()) {
            body.put("client_id", found.getClientId());
            body.put("username", found.getUsername());
            body.put("scope", found.getScope());
            body.put("token_type", "Bearer");
            body.put("exp", found.getExp());
            body.put("iat", found.getIat());
        }
        return Answer.ok(body);
    }

    static OAuth2TokenValidationRequestDTO question(String token) {
        OAuth2TokenValidationRequestDTO question = new OAuth2TokenValidationRequestDTO();
        OAuth2TokenValidationRequestDTO.OAuth2AccessToken access = question.new OAuth2AccessToken();
        access.setIdentifier(token);
        access.setTokenType("bearer");
        question.setAccessToken(access);
        return question;
    }

    private static boolean mayAsk(HttpServletRequest request) throws UserStoreException {
        String header = request.getHeader("Authorization");
        if (header == null || !header.regionMatches(true, 0, "Basic ", 0, 6)) {
            return false;
        }
        String[] pair;
        try {
            pair = new String(Base64.getDecoder().decode(header.substring(6).trim()), StandardCharsets.UTF_8).split(":", 2);
        } catch (IllegalArgumentException error) {
            return false;
        }
        UserRealm realm = CarbonContext.getThreadLocalCarbonContext().getUserRealm();
        return pair.length == 2 && realm.getUserStoreManager().authenticate(pair[0], pair[1])
            && realm.getAuthorizationManager().isUserAuthorized(pair[0], PERMISSION, "ui.execute");
    }
}
