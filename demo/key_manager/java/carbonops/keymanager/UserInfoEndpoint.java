/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.identity.oauth2.OAuth2TokenValidationService;
import org.wso2.carbon.identity.oauth2.dto.OAuth2TokenValidationResponseDTO;

/** Tells the bearer of a token with scope openid whose it is. Claims beside the subject are left out. */
final class UserInfoEndpoint extends Endpoints {
    private static final long serialVersionUID = 1L;

    UserInfoEndpoint(BundleContext bundle) {
        super(bundle);
    }

    @Override
    Answer answer(HttpServletRequest request) {
        String header = request.getHeader("Authorization");
        if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return Answer.error(HttpServletResponse.SC_UNAUTHORIZED, "invalid_token", "A bearer token is missing.");
        }
        OAuth2TokenValidationResponseDTO found =
            service(OAuth2TokenValidationService.class).validate(IntrospectEndpoint.question(header.substring(7).trim()));
        if (!found.isValid()) {
            return Answer.error(HttpServletResponse.SC_UNAUTHORIZED, "invalid_token", "The token is not active.");
        }
        if (found.getScope() == null || !Arrays.asList(found.getScope()).contains("openid")) {
            return Answer.error(HttpServletResponse.SC_FORBIDDEN, "insufficient_scope", "The token has not the scope openid.");
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("sub", found.getAuthorizedUser());
        return Answer.ok(body);
    }
}
