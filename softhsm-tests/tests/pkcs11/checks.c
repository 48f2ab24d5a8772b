/* A PKCS#11 application that looks for what must not work: attacks on keys, fork, lengths, buffers, threads.
 *
 * checks MODULE attacks | conventions | fork | threads
 * Prints the name of each check that failed, with the return value; exits with their number.
 */
#define CRYPTOKI_COMPAT 1
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static CK_FUNCTION_LIST_PTR p;
static CK_SESSION_HANDLE s;
static int failed;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_BYTE iv[16];

static void expect_in(const char *what, CK_RV rv, const CK_RV *wanted, int count) {
    for (int i = 0; i < count; i++)
        if (rv == wanted[i]) return;
    printf("%s: 0x%lx\n", what, rv);
    failed++;
}
#define EXPECT(what, rv, ...) do { CK_RV wanted_[] = {__VA_ARGS__}; \
    expect_in(what, rv, wanted_, (int)(sizeof wanted_ / sizeof *wanted_)); } while (0)
#define OK(what, rv) EXPECT(what, rv, CKR_OK)

static void open_library(void) {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    OK("initialize", p->C_Initialize(&arguments));
    OK("slots", p->C_GetSlotList(CK_TRUE, slots, &count));
    OK("session", p->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
}

/* A key: usage flags, sensitive, extractable. */
static CK_OBJECT_HANDLE key_for(const CK_ATTRIBUTE_TYPE *usage, int uses, CK_BBOOL sensitive, CK_BBOOL extractable) {
    CK_ULONG length = 32;
    CK_OBJECT_HANDLE key = 0;
    CK_MECHANISM make = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE template[12] = {{CKA_VALUE_LEN, &length, sizeof length},
        {CKA_SENSITIVE, &sensitive, 1}, {CKA_EXTRACTABLE, &extractable, 1},
        {CKA_ENCRYPT, &no, 1}, {CKA_DECRYPT, &no, 1}, {CKA_WRAP, &no, 1}, {CKA_UNWRAP, &no, 1}};
    for (int i = 0; i < uses; i++)
        for (int j = 3; j < 7; j++)
            if (template[j].type == usage[i]) template[j].pValue = &yes;
    OK("make a key", p->C_GenerateKey(s, &make, template, 7, &key));
    return key;
}
#define KEY(sensitive, extractable, ...) ({ CK_ATTRIBUTE_TYPE uses_[] = {__VA_ARGS__}; \
    key_for(uses_, (int)(sizeof uses_ / sizeof *uses_), sensitive, extractable); })

static CK_RV set_flag(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, CK_BBOOL value) {
    CK_ATTRIBUTE one = {type, &value, 1};
    return p->C_SetAttributeValue(s, key, &one, 1);
}

static void attacks(void) {
    CK_MECHANISM wrap = {CKM_AES_KEY_WRAP, NULL, 0}, cbc = {CKM_AES_CBC, iv, 16}, cbc_pad = {CKM_AES_CBC_PAD, iv, 16},
                 rsa = {CKM_RSA_PKCS, NULL, 0}, ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE blob[256], value[64];
    CK_ULONG length = sizeof blob;
    CK_OBJECT_HANDLE victim = KEY(yes, yes, CKA_ENCRYPT, CKA_DECRYPT), other;

    CK_OBJECT_HANDLE both = KEY(yes, no, CKA_WRAP, CKA_DECRYPT);
    EXPECT("a key that decrypts wraps a sensitive key", p->C_WrapKey(s, &wrap, both, victim, blob, &length), CKR_KEY_NOT_WRAPPABLE);

    CK_OBJECT_HANDLE wrapping = KEY(yes, no, CKA_WRAP, CKA_UNWRAP);
    EXPECT("a wrapping key begins to decrypt", set_flag(wrapping, CKA_DECRYPT, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY, CKR_TEMPLATE_INCONSISTENT);
    EXPECT("a wrapping key begins to encrypt", set_flag(wrapping, CKA_ENCRYPT, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY, CKR_TEMPLATE_INCONSISTENT);
    EXPECT("an encrypting key begins to unwrap", set_flag(victim, CKA_UNWRAP, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY, CKR_TEMPLATE_INCONSISTENT);
    EXPECT("a wrapping key decrypts", p->C_DecryptInit(s, &ecb, wrapping), CKR_KEY_FUNCTION_NOT_PERMITTED);

    length = sizeof blob;
    EXPECT("AES-CBC wraps", p->C_WrapKey(s, &cbc, wrapping, victim, blob, &length), CKR_MECHANISM_INVALID);
    EXPECT("AES-CBC-PAD wraps", p->C_WrapKey(s, &cbc_pad, wrapping, victim, blob, &length), CKR_MECHANISM_INVALID);
    EXPECT("PKCS#1 v1.5 wraps", p->C_WrapKey(s, &rsa, wrapping, victim, blob, &length), CKR_MECHANISM_INVALID);
    EXPECT("PKCS#1 v1.5 unwraps", p->C_UnwrapKey(s, &rsa, wrapping, blob, 256, NULL, 0, &other), CKR_MECHANISM_INVALID);

    length = sizeof blob;
    OK("a wrapping key wraps", p->C_WrapKey(s, &wrap, wrapping, victim, blob, &length));
    CK_ATTRIBUTE readable[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes},
        {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    EXPECT("a wrapped key comes back readable", p->C_UnwrapKey(s, &wrap, wrapping, blob, length, readable, 4, &other), CKR_TEMPLATE_INCONSISTENT);
    CK_ATTRIBUTE sensitive[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes}, {CKA_ENCRYPT, &yes, 1}};
    OK("a wrapped key comes back sensitive", p->C_UnwrapKey(s, &wrap, wrapping, blob, length, sensitive, 3, &other));
    CK_ATTRIBUTE look = {CKA_VALUE, value, sizeof value};
    EXPECT("its value is shown", p->C_GetAttributeValue(s, other, &look, 1), CKR_ATTRIBUTE_SENSITIVE);
    blob[3] ^= 1;
    EXPECT("a changed blob unwraps", p->C_UnwrapKey(s, &wrap, wrapping, blob, length, sensitive, 3, &other), CKR_WRAPPED_KEY_INVALID);
    EXPECT("a cut blob unwraps", p->C_UnwrapKey(s, &wrap, wrapping, blob, 17, sensitive, 3, &other), CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID);

    CK_ATTRIBUTE known[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes},
        {CKA_VALUE, iv, 16}, {CKA_WRAP, &yes, 1}};
    OK("bring a key", p->C_CreateObject(s, known, 4, &other));
    length = sizeof blob;
    EXPECT("a sensitive key leaves under one the attacker knows", p->C_WrapKey(s, &wrap, other, victim, blob, &length), CKR_KEY_NOT_WRAPPABLE);

    CK_OBJECT_HANDLE fixed = KEY(yes, no, CKA_ENCRYPT);
    length = sizeof blob;
    EXPECT("an unextractable key leaves", p->C_WrapKey(s, &wrap, wrapping, fixed, blob, &length), CKR_KEY_UNEXTRACTABLE);
    EXPECT("sensitive becomes readable", set_flag(fixed, CKA_SENSITIVE, CK_FALSE), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT("unextractable becomes extractable", set_flag(fixed, CKA_EXTRACTABLE, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT("trusted is set by a user", set_flag(fixed, CKA_TRUSTED, CK_TRUE), CKR_ATTRIBUTE_READ_ONLY);
    CK_ATTRIBUTE freer = {CKA_SENSITIVE, &no, 1}, plain = {CKA_LABEL, "copy", 4};
    EXPECT("a copy is readable", p->C_CopyObject(s, fixed, &freer, 1, &other), CKR_TEMPLATE_INCONSISTENT);
    freer.type = CKA_EXTRACTABLE;
    freer.pValue = &yes;
    EXPECT("a copy is extractable", p->C_CopyObject(s, fixed, &freer, 1, &other), CKR_TEMPLATE_INCONSISTENT);
    OK("a sensitive key is copied", p->C_CopyObject(s, fixed, &plain, 1, &other));
    EXPECT("the copy's value is shown", p->C_GetAttributeValue(s, other, &look, 1), CKR_ATTRIBUTE_SENSITIVE);

    CK_ULONG thirty_two = 32;
    CK_MECHANISM make = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE bound[] = {{CKA_VALUE_LEN, &thirty_two, sizeof thirty_two}, {CKA_EXTRACTABLE, &yes, 1},
        {CKA_WRAP_WITH_TRUSTED, &yes, 1}, {CKA_COPYABLE, &no, 1}, {CKA_DESTROYABLE, &no, 1}};
    OK("a bound key", p->C_GenerateKey(s, &make, bound, 5, &other));
    length = sizeof blob;
    EXPECT("a key leaves under one that is not trusted", p->C_WrapKey(s, &wrap, wrapping, other, blob, &length), CKR_KEY_NOT_WRAPPABLE);
    EXPECT("wrap with trusted is taken off", set_flag(other, CKA_WRAP_WITH_TRUSTED, CK_FALSE), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT("what is not copyable is copied", p->C_CopyObject(s, other, &plain, 1, &victim), CKR_ACTION_PROHIBITED);
    EXPECT("what is not destroyable is destroyed", p->C_DestroyObject(s, other), CKR_ACTION_PROHIBITED);
}

static void conventions(void) {
    CK_BYTE data[64], out[128], tag[16] = {0};
    CK_ULONG length = 0;
    CK_OBJECT_HANDLE key = KEY(yes, no, CKA_ENCRYPT, CKA_DECRYPT), other;
    memset(data, 7, sizeof data);
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16}, pad = {CKM_AES_CBC_PAD, iv, 16}, cut = {CKM_AES_CBC, iv, 7},
                 digest = {CKM_SHA256, NULL, 0}, make = {CKM_AES_KEY_GEN, NULL, 0}, hmac = {CKM_SHA256_HMAC, NULL, 0};

    OK("init", p->C_EncryptInit(s, &pad, key));
    EXPECT("init twice", p->C_EncryptInit(s, &pad, key), CKR_OPERATION_ACTIVE);
    OK("ask for the length", p->C_Encrypt(s, data, 20, NULL, &length));
    if (length != 32) { printf("the length of 20 padded bytes: %lu\n", length); failed++; }
    length = 31;
    EXPECT("too small", p->C_Encrypt(s, data, 20, out, &length), CKR_BUFFER_TOO_SMALL);
    OK("the operation goes on", p->C_Encrypt(s, data, 20, out, &length));
    EXPECT("and is over", p->C_Encrypt(s, data, 20, out, &length), CKR_OPERATION_NOT_INITIALIZED);
    OK("decrypt init", p->C_DecryptInit(s, &pad, key));
    length = 19;
    EXPECT("a plaintext that does not fit", p->C_Decrypt(s, out, 32, data, &length), CKR_BUFFER_TOO_SMALL);
    length = sizeof data;
    OK("fits now", p->C_Decrypt(s, out, 32, data, &length));
    if (length != 20 || data[0] != 7) { printf("what came back\n"); failed++; }

    OK("in place init", p->C_EncryptInit(s, &cbc, key));
    memset(data, 7, sizeof data);
    length = sizeof data;
    OK("in place", p->C_Encrypt(s, data, 64, data, &length));
    OK("back init", p->C_DecryptInit(s, &cbc, key));
    OK("back in place", p->C_Decrypt(s, data, 64, data, &length));
    if (data[63] != 7) { printf("in place did not come back\n"); failed++; }
    EXPECT("a short IV", p->C_EncryptInit(s, &cut, key), CKR_MECHANISM_PARAM_INVALID);
    OK("init for an odd length", p->C_EncryptInit(s, &cbc, key));
    length = sizeof out;
    EXPECT("an odd length", p->C_Encrypt(s, data, 17, out, &length), CKR_DATA_LEN_RANGE);

    CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
    CK_MECHANISM sealing = {CKM_AES_GCM, &gcm, sizeof gcm};
    OK("gcm", p->C_EncryptInit(s, &sealing, key));
    length = sizeof out;
    OK("gcm seals", p->C_Encrypt(s, data, 64, out, &length));
    out[70] ^= 1;
    OK("gcm back", p->C_DecryptInit(s, &sealing, key));
    CK_ULONG room = sizeof data;
    EXPECT("a changed tag", p->C_Decrypt(s, out, length, data, &room), CKR_ENCRYPTED_DATA_INVALID);
    (void)tag;

    EXPECT("a digest that was not begun", p->C_DigestUpdate(s, data, 1), CKR_OPERATION_NOT_INITIALIZED);
    OK("digest", p->C_DigestInit(s, &digest));
    length = 0;
    OK("its length", p->C_Digest(s, data, 3, NULL, &length));
    if (length != 32) { printf("digest length\n"); failed++; }
    OK("its value", p->C_Digest(s, data, 3, out, &length));
    EXPECT("logout without login", p->C_Logout(s), CKR_USER_NOT_LOGGED_IN);
    EXPECT("a handle that is none", p->C_EncryptInit(s, &cbc, 987654321), CKR_KEY_HANDLE_INVALID);
    EXPECT("a session that is none", p->C_DigestInit(987654321, &digest), CKR_SESSION_HANDLE_INVALID);
    EXPECT("a key of another type", p->C_SignInit(s, &hmac, key), CKR_KEY_TYPE_INCONSISTENT);
    CK_ATTRIBUTE twice[] = {{CKA_VALUE_LEN, &length, sizeof length}, {CKA_LABEL, "a", 1}, {CKA_LABEL, "b", 1}};
    EXPECT("an attribute twice", p->C_GenerateKey(s, &make, twice, 3, &other), CKR_TEMPLATE_INCONSISTENT);
    CK_ATTRIBUTE huge = {CKA_LABEL, "a", (CK_ULONG)-1 >> 2};
    EXPECT("a length that no value has", p->C_GenerateKey(s, &make, &huge, 1, &other), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);
    EXPECT("no length", p->C_GenerateKey(s, &make, NULL, 0, &other), CKR_TEMPLATE_INCOMPLETE);
    CK_ATTRIBUTE alien = {0x87654321, "a", 1};
    EXPECT("an attribute that is none", p->C_GenerateKey(s, &make, &alien, 1, &other), CKR_ATTRIBUTE_TYPE_INVALID);
    CK_ATTRIBUTE local[] = {{CKA_LOCAL, &yes, 1}};
    EXPECT("local is claimed", p->C_GenerateKey(s, &make, local, 1, &other), CKR_ATTRIBUTE_READ_ONLY);
    CK_ATTRIBUTE raw[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &generic, sizeof generic}, {CKA_VALUE, data, 20},
        {CKA_SIGN, &yes, 1}, {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    OK("a generic secret", p->C_CreateObject(s, raw, 6, &other));
    CK_ATTRIBUTE parts[] = {{CKA_VALUE, NULL, 0}, {CKA_MODULUS, NULL, 0}, {CKA_VALUE_LEN, &room, sizeof room}};
    EXPECT("one of three is not there", p->C_GetAttributeValue(s, other, parts, 3), CKR_ATTRIBUTE_TYPE_INVALID);
    if (parts[0].ulValueLen != 20 || parts[1].ulValueLen != (CK_ULONG)-1 || room != 20) { printf("the others are told\n"); failed++; }
    OK("sign init", p->C_SignInit(s, &hmac, other));
    length = 0;
    OK("length of a MAC", p->C_Sign(s, data, 3, NULL, &length));
    if (length != 32) { printf("MAC length\n"); failed++; }
    OK("a MAC", p->C_Sign(s, data, 3, out, &length));
}

static void forks(void) {
    CK_BYTE out[8];
    CK_OBJECT_HANDLE key = KEY(yes, no, CKA_ENCRYPT);
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    pid_t child = fork();
    if (child == 0) {
        failed = 0;
        EXPECT("a child uses its parent's session", p->C_GenerateRandom(s, out, 8), CKR_CRYPTOKI_NOT_INITIALIZED);
        EXPECT("a child finalises", p->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
        open_library();
        OK("a child that initialised", p->C_GenerateRandom(s, out, 8));
        OK("a child ends", p->C_Finalize(NULL));
        fflush(stdout);
        _exit(failed);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status) { printf("the child failed\n"); failed++; }
    OK("the parent goes on", p->C_GenerateRandom(s, out, 8));
    OK("with its keys", p->C_EncryptInit(s, &ecb, key));
}

static void *work(void *unused) {
    (void)unused;
    CK_SESSION_HANDLE own;
    CK_BYTE data[32], sealed[64], back[64];
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8, length, plain;
    long bad = 0;
    p->C_GetSlotList(CK_TRUE, slots, &count);
    if (p->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &own)) return (void *)1;
    CK_ULONG bytes = 32;
    CK_MECHANISM make = {CKM_AES_KEY_GEN, NULL, 0}, pad = {CKM_AES_CBC_PAD, iv, 16};
    CK_ATTRIBUTE template[] = {{CKA_VALUE_LEN, &bytes, sizeof bytes}};
    CK_OBJECT_HANDLE key;
    if (p->C_GenerateKey(own, &make, template, 1, &key)) return (void *)1;
    time_t end = time(NULL) + atoi(getenv("CHECK_SECONDS") ? getenv("CHECK_SECONDS") : "5");
    for (int i = 0; time(NULL) < end; i++) {
        memset(data, i, sizeof data);
        length = sizeof sealed;
        plain = sizeof back;
        bad += p->C_EncryptInit(own, &pad, key) != 0 || p->C_Encrypt(own, data, 32, sealed, &length) != 0;
        bad += p->C_DecryptInit(own, &pad, key) != 0 || p->C_Decrypt(own, sealed, length, back, &plain) != 0;
        bad += plain != 32 || memcmp(back, data, 32) != 0;
    }
    bad += p->C_CloseSession(own) != 0;
    return (void *)bad;
}

static void threads(void) {
    pthread_t all[64];
    void *bad;
    for (int i = 0; i < 64; i++) pthread_create(&all[i], NULL, work, NULL);
    for (int i = 0; i < 64; i++) {
        pthread_join(all[i], &bad);
        if (bad) { printf("thread %d: %ld wrong\n", i, (long)bad); failed++; }
    }
}

static void *wait_for_slot(void *unused) {
    (void)unused;
    CK_SLOT_ID slot;
    return (void *)p->C_WaitForSlotEvent(0, &slot, NULL);
}

int main(int count, char **arguments) {
    CK_C_GetFunctionList list;
    void *library = count == 3 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) { fprintf(stderr, "checks MODULE attacks|conventions|fork|threads: %s\n", dlerror()); return 99; }
    *(void **)&list = dlsym(library, "C_GetFunctionList");
    OK("list", list(&p));
    open_library();
    if (!strcmp(arguments[2], "attacks")) attacks();
    if (!strcmp(arguments[2], "conventions")) conventions();
    if (!strcmp(arguments[2], "fork")) forks();
    if (!strcmp(arguments[2], "threads")) threads();
    pthread_t waiting;
    void *woken = NULL;
    pthread_create(&waiting, NULL, wait_for_slot, NULL);
    usleep(100000);
    OK("finalize", p->C_Finalize(NULL));
    pthread_join(waiting, &woken);
    EXPECT("a wait that the end wakes", (CK_RV)woken, CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT("finalize twice", p->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    dlclose(library);
    return failed;
}
