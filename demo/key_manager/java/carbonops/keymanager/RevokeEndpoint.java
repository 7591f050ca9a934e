/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.util.Collections;
import javax.servlet.http.HttpServletRequest;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.identity.oauth2.OAuth2Service;
import org.wso2.carbon.identity.oauth2.bean.OAuthClientAuthnContext;
import org.wso2.carbon.identity.oauth2.dto.OAuthRevocationRequestDTO;
import org.wso2.carbon.identity.oauth2.dto.OAuthRevocationResponseDTO;

/** Revokes the tokens of the client that asks. */
final class RevokeEndpoint extends Endpoints {
    private static final long serialVersionUID = 1L;

    RevokeEndpoint(BundleContext bundle) {
        super(bundle);
    }

    @Override
    Answer answer(HttpServletRequest request) {
        OAuthClientAuthnContext client = TokenEndpoint.client(this, request);
        OAuthRevocationRequestDTO wanted = new OAuthRevocationRequestDTO();
        wanted.setOauthClientAuthnContext(client);
        wanted.setConsumerKey(client.getClientId());
        wanted.setToken(request.getParameter("token"));
        wanted.setTokenType(request.getParameter("token_type_hint"));
        OAuthRevocationResponseDTO revoked = service(OAuth2Service.class).revokeTokenByOAuthClient(wanted);
        return revoked.isError() ? Answer.refused(revoked.getErrorCode(), revoked.getErrorMsg()) : Answer.ok(Collections.emptyMap());
    }
}
