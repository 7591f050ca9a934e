/*
 * Copyright 2026 The carbon_ops.key_manager maintainers
 * Licensed under the Apache License, Version 2.0 (see the LICENSE file)
 * SPDX-License-Identifier: Apache-2.0
 */
package carbonops.keymanager;

import java.util.Collection;
import java.util.Map;

/** Writes JSON. Names without a value are left out. */
final class Json {
    private Json() {
    }

    static String write(Object value) {
        StringBuilder text = new StringBuilder();
        append(text, value);
        return text.toString();
    }

    private static void append(StringBuilder text, Object value) {
        if (value instanceof Map) {
            appendMap(text, (Map<?, ?>) value);
        } else if (value instanceof Collection) {
            String separator = "[";
            for (Object item : (Collection<?>) value) {
                text.append(separator);
                append(text, item);
                separator = ",";
            }
            text.append("[".equals(separator) ? "[]" : "]");
        } else if (value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else {
            appendString(text, String.valueOf(value));
        }
    }

    private static void appendMap(StringBuilder text, Map<?, ?> map) {
        String separator = "";
        text.append('{');
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (entry.getValue() == null) {
                continue;
            }
            text.append(separator);
            appendString(text, String.valueOf(entry.getKey()));
            text.append(':');
            append(text, entry.getValue());
            separator = ",";
        }
        text.append('}');
    }

    private static void appendString(StringBuilder text, String value) {
        text.append('"');
        for (char letter : value.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                text.append('\\').append(letter);
            } else if (letter < ' ') {
                text.append(String.format("\\u%04x", (int) letter));
            } else {
                text.append(letter);
            }
        }
        text.append('"');
    }
}
