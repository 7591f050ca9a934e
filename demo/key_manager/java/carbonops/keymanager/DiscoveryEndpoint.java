/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.identity.oauth.config.OAuthServerConfiguration;
import org.wso2.carbon.identity.oauth2.util.OAuth2Util;

/** Tells clients where the endpoints are, as identity.xml has them. */
final class DiscoveryEndpoint extends Endpoints {
    private static final long serialVersionUID = 1L;

    DiscoveryEndpoint(BundleContext bundle) {
        super(bundle);
    }

    @Override
    Answer answer(HttpServletRequest request) throws Exception {
        OAuthServerConfiguration configuration = OAuthServerConfiguration.getInstance();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("issuer", OAuth2Util.getIDTokenIssuer());
        body.put("authorization_endpoint", OAuth2Util.OAuthURL.getOAuth2AuthzEPUrl());
        body.put("token_endpoint", OAuth2Util.OAuthURL.getOAuth2TokenEPUrl());
        body.put("userinfo_endpoint", OAuth2Util.OAuthURL.getOAuth2UserInfoEPUrl());
        body.put("jwks_uri", OAuth2Util.OAuthURL.getOAuth2JWKSPageUrl(SUPER_TENANT));
        body.put("response_types_supported", configuration.getSupportedResponseTypeNames());
        body.put("grant_types_supported", configuration.getSupportedGrantTypes().keySet());
        body.put("subject_types_supported", Collections.singletonList("public"));
        body.put("id_token_signing_alg_values_supported", Collections.singletonList("RS256"));
        body.put("token_endpoint_auth_methods_supported", Arrays.asList("client_secret_basic", "client_secret_post"));
        return Answer.ok(body);
    }
}
