/* Godwit's challenge for a JSON library: made from 'godwit init --challenge c'. Godwit holds the clock. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../cJSON.h"

enum { Documents = 60, Longest = 1 << 16 };

static uint64_t state;
static char text[Longest];
static size_t length;

static uint32_t below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((state >> 33) * limit) >> 31);
}

static void put(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    length += (size_t)vsnprintf(text + length, Longest - length, format, arguments);
    va_end(arguments);
}

static void put_string(int strings) {
    static const char *const pieces[] = {"name", "\\n", "caf\\u00e9", "\\ud83d\\ude00", "\\\"quoted\\\"", "plain words ", "\\/", "\xc3\xbc"};
    put("\"");
    for (uint32_t count = 1 + below(strings); count > 0; count--) put("%s", pieces[below(8)]);
    put("\"");
}

static void put_value(int depth, int strings) {
    uint32_t kind = below(depth > 0 ? 10 : 7);
    if (kind < 2) put("%d", (int)below(2000000000) - 1000000000);
    else if (kind < 4) put("%.15g", (below(1000000000) + below(1000000000) / 1e9) / (1 + below(1000)));
    else if (kind == 4) put_string(strings);
    else if (kind == 5) put("%s", below(2) ? "true" : "false");
    else if (kind == 6) put("null");
    else if (kind < 9) {
        put("[");
        for (uint32_t count = 2 + below(12); count > 0; count--) { put_value(depth - 1, strings); put(count > 1 ? "," : ""); }
        put("]");
    } else {
        put("{");
        for (uint32_t count = 2 + below(8); count > 0; count--) { put_string(strings); put(": "); put_value(depth - 1, strings); put(count > 1 ? ", " : ""); }
        put("}");
    }
}

/* Some documents are broken, so that what refuses them can't be left out. */
static void break_it(void) {
    static const char *const wrong[] = {"\"\\ud83d\"", "\"\\ude00\"", "\"\\u12g4\"", "[1,]", "{\"a\" 1}", "-", "nul", "\"open"};
    length = 0;
    put("[");
    for (uint32_t count = 1 + below(20); count > 0; count--) { put_value(1, 3); put(","); }
    put("%s]", wrong[below(8)]);
}

static uint64_t fold(uint64_t digest, const char *bytes) {
    for (; *bytes != 0; bytes++) digest = (digest ^ (unsigned char)*bytes) * 1099511628211u;
    return digest;
}

static uint64_t work(uint64_t seed, int strings) {
    uint64_t digest = 14695981039346656037u;
    state = seed;
    for (int number = 0; number < Documents; number++) {
        length = 0;
        if (below(6) == 0) break_it();
        else { put("["); for (int count = 0; count < 40; count++) { put_value(3, strings); put(count < 39 ? "," : ""); } put("]"); }
        const char *end = NULL;
        cJSON *document = cJSON_ParseWithLengthOpts(text, length + 1, &end, 1);
        digest = (digest ^ (uint64_t)(end - text)) * 1099511628211u;
        if (document == NULL) continue;
        char *printed = cJSON_PrintUnformatted(document);
        digest = fold(digest, printed == NULL ? "(nothing)" : printed);
        cJSON_free(printed);
        cJSON_Delete(document);
    }
    return digest;
}

int main(int count, char **arguments) {
    int strings = count > 1 && strcmp(arguments[1], "strings") == 0 ? 12 : 3;
    work(1, strings);
    puts("READY");
    fflush(stdout);
    uint64_t seed;
    while (scanf("%" SCNu64, &seed) == 1) {
        printf("ANSWER %016" PRIx64 "\n", work(seed, strings));
        fflush(stdout);
    }
    return 0;
}
