/* A PKCS#11 module that forwards to another one, and fails or dawdles when told to. Built by the tests with cc.
 *
 * SHIM_MODULE      the module to forward to
 * SHIM_PARAMETERS  if set, handed to C_Initialize as NSS wants it (LibraryParameters)
 * SHIM_ORDERS      a file of lines "FUNCTION RV TIMES DELAY_MS": the next TIMES calls of FUNCTION take DELAY_MS longer
 *                  and, if RV is not 0, return RV without reaching the other module; RV c105ea11 closes all sessions
 *                  of the slot that was used last, then goes on. Read at each call.
 * SHIM_CALLS       a file to which the name of each called function is appended
 *
 * Every function of CK_FUNCTION_LIST takes at most eight arguments, all of them integers or pointers in registers or
 * in whole stack words, so that one kind of forwarder does for all (x86-64 and AArch64 Linux).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong_t;
typedef ulong_t (*call_t)(ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t);

#define FUNCTIONS 68
struct function_list {
    unsigned char version[2];
    call_t f[FUNCTIONS];
};

static struct function_list *real;
static struct function_list ours;
static ulong_t slot;
static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;

static void note(const char *name) {
    const char *path = getenv("SHIM_CALLS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", name);
        fclose(file);
    }
}

/* What has been ordered for this call: 0 to go on. */
static ulong_t ordered(const char *name) {
    static char kept[64][128];
    ulong_t verdict = 0, delay_ms = 0;
    int lines = 0, changed = 0;
    pthread_mutex_lock(&alone);
    note(name);
    const char *path = getenv("SHIM_ORDERS");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[128];
    while (file && lines < 64 && fgets(line, sizeof line, file)) {
        char function[64];
        ulong_t rv, times, delay;
        if (sscanf(line, "%63s %lx %lu %lu", function, &rv, &times, &delay) != 4) continue;
        if (!changed && times > 0 && !strcmp(function, name)) {
            verdict = rv;
            delay_ms = delay;
            times--;
            changed = 1;
        }
        snprintf(kept[lines++], sizeof kept[0], "%s %lx %lu %lu\n", function, rv, times, delay);
    }
    if (file) fclose(file);
    if (changed && (file = fopen(path, "w"))) {
        for (int i = 0; i < lines; i++) fputs(kept[i], file);
        fclose(file);
    }
    pthread_mutex_unlock(&alone);
    if (delay_ms) usleep(delay_ms * 1000);
    if (verdict == 0xc105ea11) {
        real->f[14](slot, 0, 0, 0, 0, 0, 0, 0);
        verdict = 0;
    }
    return verdict;
}

#define FORWARD(index, name)                                                                                        \
    static ulong_t on_##name(ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e, ulong_t f, ulong_t g, ulong_t h) { \
        ulong_t verdict = ordered(#name);                                                                           \
        return verdict ? verdict : real->f[index](a, b, c, d, e, f, g, h);                                          \
    }

FORWARD(1, C_Finalize)
FORWARD(2, C_GetInfo)
FORWARD(4, C_GetSlotList)
FORWARD(6, C_GetTokenInfo)
FORWARD(13, C_CloseSession)
FORWARD(15, C_GetSessionInfo)
FORWARD(18, C_Login)
FORWARD(20, C_CreateObject)
FORWARD(22, C_DestroyObject)
FORWARD(24, C_GetAttributeValue)
FORWARD(26, C_FindObjectsInit)
FORWARD(27, C_FindObjects)
FORWARD(29, C_EncryptInit)
FORWARD(30, C_Encrypt)
FORWARD(33, C_DecryptInit)
FORWARD(34, C_Decrypt)
FORWARD(58, C_GenerateKey)
FORWARD(60, C_WrapKey)
FORWARD(61, C_UnwrapKey)
FORWARD(64, C_GenerateRandom)

static ulong_t on_C_OpenSession(ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e, ulong_t f, ulong_t g, ulong_t h) {
    ulong_t verdict = ordered("C_OpenSession");
    slot = a;
    return verdict ? verdict : real->f[12](a, b, c, d, e, f, g, h);
}

/* CK_C_INITIALIZE_ARGS as NSS lays it out. */
struct initialize_args {
    void *mutexes[4];
    ulong_t flags;
    const char *parameters;
    void *reserved;
};

static ulong_t on_C_Initialize(ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e, ulong_t f, ulong_t g, ulong_t h) {
    static struct initialize_args args;
    ulong_t verdict = ordered("C_Initialize");
    if (verdict) return verdict;
    args.flags = 2; /* CKF_OS_LOCKING_OK */
    args.parameters = getenv("SHIM_PARAMETERS");
    return real->f[0](args.parameters ? (ulong_t)&args : a, b, c, d, e, f, g, h);
}

ulong_t C_GetFunctionList(struct function_list **list) {
    if (!real) {
        void *module = dlopen(getenv("SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
        ulong_t (*get)(struct function_list **) = module ? dlsym(module, "C_GetFunctionList") : NULL;
        if (!get) {
            fprintf(stderr, "SHIM_MODULE: %s\n", dlerror());
            return 5; /* CKR_GENERAL_ERROR */
        }
        ulong_t rv = get(&real);
        if (rv) return rv;
        ours = *real;
        ours.f[0] = on_C_Initialize;
        ours.f[1] = on_C_Finalize;
        ours.f[2] = on_C_GetInfo;
        ours.f[4] = on_C_GetSlotList;
        ours.f[6] = on_C_GetTokenInfo;
        ours.f[12] = on_C_OpenSession;
        ours.f[13] = on_C_CloseSession;
        ours.f[15] = on_C_GetSessionInfo;
        ours.f[18] = on_C_Login;
        ours.f[20] = on_C_CreateObject;
        ours.f[22] = on_C_DestroyObject;
        ours.f[24] = on_C_GetAttributeValue;
        ours.f[26] = on_C_FindObjectsInit;
        ours.f[27] = on_C_FindObjects;
        ours.f[29] = on_C_EncryptInit;
        ours.f[30] = on_C_Encrypt;
        ours.f[33] = on_C_DecryptInit;
        ours.f[34] = on_C_Decrypt;
        ours.f[58] = on_C_GenerateKey;
        ours.f[60] = on_C_WrapKey;
        ours.f[61] = on_C_UnwrapKey;
        ours.f[64] = on_C_GenerateRandom;
    }
    *list = &ours;
    return 0;
}
