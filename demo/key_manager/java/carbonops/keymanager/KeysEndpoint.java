/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.servlet.http.HttpServletRequest;
import org.osgi.framework.BundleContext;
import org.wso2.carbon.core.util.KeyStoreManager;
import org.wso2.carbon.identity.oauth2.util.OAuth2Util;

/** Publishes the key that signatures of this Key Manager are checked with. */
final class KeysEndpoint extends Endpoints {
    private static final long serialVersionUID = 1L;

    KeysEndpoint(BundleContext bundle) {
        super(bundle);
    }

    @Override
    Answer answer(HttpServletRequest request) throws Exception {
        X509Certificate certificate = KeyStoreManager.getInstance(SUPER_TENANT_ID).getDefaultPrimaryCertificate();
        RSAPublicKey key = (RSAPublicKey) certificate.getPublicKey();
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("kty", "RSA");
        entry.put("use", "sig");
        entry.put("alg", "RS256");
        entry.put("kid", OAuth2Util.getThumbPrint(SUPER_TENANT, SUPER_TENANT_ID));
        entry.put("n", number(key.getModulus()));
        entry.put("e", number(key.getPublicExponent()));
        return Answer.ok(Collections.singletonMap("keys", Collections.singletonList(entry)));
    }

    /** Writes a number as RFC 7518 wants it: its bytes without the sign. */
    private static String number(BigInteger value) {
        byte[] bytes = value.toByteArray();
        int from = bytes[0] == 0 ? 1 : 0;
        return Base64.getUrlEncoder().withoutPadding().encodeToString(java.util.Arrays.copyOfRange(bytes, from, bytes.length));
    }
}
