/* A PKCS#11 application that looks for what must not work: attacks on keys, fork, lengths, buffers, threads.
 *
 * checks MODULE attacks | conventions | fork | threads | oaep | derivations | lattices | interfaces
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

/* What PKCS#11 3 adds, for headers that are older. */
#define CKK_AES_XTS_ 0x35UL
#define CKM_AES_XTS_ 0x1071UL
#define CKM_SP800_108_COUNTER_KDF_ 0x3acUL
#define CKK_ML_DSA_ 0x4aUL
#define CKM_ML_DSA_KEY_PAIR_GEN_ 0x1cUL
#define CKM_ML_DSA_ 0x1dUL
#define CKA_PARAMETER_SET_ 0x61dUL
#define CKR_PARAMETER_SET_NOT_SUPPORTED_ 0x209UL
#define CKM_HKDF_DERIVE_ 0x402aUL
#define CKF_HKDF_SALT_NULL_ 1UL
#define CKF_HKDF_SALT_DATA_ 2UL
#define CKF_HKDF_SALT_KEY_ 4UL
typedef struct { CK_BBOOL bExtract, bExpand; CK_MECHANISM_TYPE hash; CK_ULONG ulSaltType; CK_BYTE *salt; CK_ULONG salt_length;
    CK_OBJECT_HANDLE hSaltKey; CK_BYTE *pInfo; CK_ULONG ulInfoLen; } CK_HKDF_PARAMS_;
typedef struct { CK_ULONG hedge; CK_BYTE *context; CK_ULONG length; } CK_SIGN_CONTEXT_;
typedef struct { CK_BBOOL little; CK_ULONG ulWidthInBits; } CK_COUNTER_;
typedef struct { CK_ULONG method; CK_BBOOL little; CK_ULONG width; } CK_LENGTH_;
typedef struct { CK_ULONG type; void *value; CK_ULONG length; } CK_FIELD_;
typedef struct { CK_ULONG prf, count; CK_FIELD_ *fields; CK_ULONG more; void *keys; } CK_KDF_;
typedef struct { char *name; void *list; CK_FLAGS flags; } CK_INTERFACE_;

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

/* The value of a key that may be read. */
static CK_ULONG value_of(CK_OBJECT_HANDLE key, CK_BYTE *value, CK_ULONG room) {
    CK_ATTRIBUTE look = {CKA_VALUE, value, room};
    OK("a value", p->C_GetAttributeValue(s, key, &look, 1));
    return look.ulValueLen;
}

static void same(const char *what, const CK_BYTE *got, const char *hex, int length) {
    for (int i = 0; i < length; i++) {
        unsigned wanted = 0;
        sscanf(hex + 2 * i, "%2x", &wanted);
        if (got[i] != wanted) { printf("%s: byte %d is %02x\n", what, i, got[i]); failed++; return; }
    }
}

static CK_OBJECT_HANDLE bring(CK_KEY_TYPE type, CK_BYTE *bytes, CK_ULONG length) {
    CK_OBJECT_HANDLE key = 0;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_VALUE, bytes, length}, {CKA_DERIVE, &yes, 1}, {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    OK("bring a key", p->C_CreateObject(s, template, type == CKK_AES_XTS_ ? 3 : 6, &key));
    return key;
}

static CK_RV derive(CK_MECHANISM *how, CK_OBJECT_HANDLE base, CK_ULONG length, CK_OBJECT_HANDLE *key) {
    CK_ATTRIBUTE template[] = {{CKA_VALUE_LEN, &length, sizeof length}, {CKA_SENSITIVE, &no, 1},
        {CKA_EXTRACTABLE, &yes, 1}, {CKA_DERIVE, &yes, 1}};
    return p->C_DeriveKey(s, how, base, template, 4, key);
}

/* RSA with OAEP: what may leave comes back the same, and sensitive; what is sensitive stays. */
static void oaep(void) {
    CK_ULONG bits = 2048, length, other_length;
    CK_OBJECT_HANDLE public, private, open = KEY(no, yes, CKA_ENCRYPT), closed = KEY(yes, yes, CKA_ENCRYPT), back;
    CK_MECHANISM make = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_RSA_PKCS_OAEP_PARAMS parameters = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, "ledger", 6};
    CK_MECHANISM wrap = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_BYTE blob[512], before[16], after[16];
    CK_ULONG room = 16;
    CK_ATTRIBUTE of_public[] = {{CKA_MODULUS_BITS, &bits, sizeof bits}, {CKA_WRAP, &yes, 1}};
    CK_ATTRIBUTE of_private[] = {{CKA_UNWRAP, &yes, 1}, {CKA_SENSITIVE, &yes, 1}};
    OK("a pair", p->C_GenerateKeyPair(s, &make, of_public, 2, of_private, 2, &public, &private));
    length = 0;
    OK("how long", p->C_WrapKey(s, &wrap, public, open, NULL, &length));
    if (length != 256) { printf("length of a blob: %lu\n", length); failed++; }
    OK("wraps", p->C_WrapKey(s, &wrap, public, open, blob, &length));
    other_length = sizeof blob;
    EXPECT("a sensitive key leaves under RSA", p->C_WrapKey(s, &wrap, public, closed, blob + 256, &other_length), CKR_KEY_NOT_WRAPPABLE);
    EXPECT("the private key wraps", p->C_WrapKey(s, &wrap, private, open, blob + 256, &other_length), CKR_WRAPPING_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED);
    CK_ATTRIBUTE readable[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes},
        {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    EXPECT("comes back readable", p->C_UnwrapKey(s, &wrap, private, blob, length, readable, 4, &back), CKR_TEMPLATE_INCONSISTENT);
    readable[2].pValue = &yes;
    OK("comes back", p->C_UnwrapKey(s, &wrap, private, blob, length, readable, 4, &back));
    OK("used before", p->C_EncryptInit(s, &ecb, open));
    OK("before", p->C_Encrypt(s, iv, 16, before, &room));
    OK("used after", p->C_EncryptInit(s, &ecb, back));
    OK("after", p->C_Encrypt(s, iv, 16, after, &room));
    if (memcmp(before, after, 16)) { printf("another key came back\n"); failed++; }
    EXPECT("a cut blob", p->C_UnwrapKey(s, &wrap, private, blob, 255, readable, 4, &back), CKR_WRAPPED_KEY_LEN_RANGE);
    blob[17] ^= 1;
    EXPECT("a changed blob", p->C_UnwrapKey(s, &wrap, private, blob, length, readable, 4, &back), CKR_WRAPPED_KEY_INVALID);
    blob[17] ^= 1;
    parameters.ulSourceDataLen = 5;
    EXPECT("another label", p->C_UnwrapKey(s, &wrap, private, blob, length, readable, 4, &back), CKR_WRAPPED_KEY_INVALID);
}

/* RFC 5869, appendix A.1; SP 800-108 against a HMAC of the same bytes; IEEE 1619, vector 2. */
static void derivations(void) {
    CK_BYTE ikm[22], salt[13], info[10], value[64], mac[32], data[64] = {0}, key[64];
    CK_OBJECT_HANDLE base, prk, okm;
    memset(ikm, 0x0b, sizeof ikm);
    for (int i = 0; i < 13; i++) salt[i] = (CK_BYTE)i;
    for (int i = 0; i < 10; i++) info[i] = (CK_BYTE)(0xf0 + i);
    base = bring(CKK_GENERIC_SECRET, ikm, sizeof ikm);
    CK_HKDF_PARAMS_ hkdf = {CK_TRUE, CK_FALSE, CKM_SHA256, CKF_HKDF_SALT_DATA_, salt, sizeof salt, 0, NULL, 0};
    CK_MECHANISM how = {CKM_HKDF_DERIVE_, &hkdf, sizeof hkdf};
    OK("HKDF extracts", derive(&how, base, 32, &prk));
    value_of(prk, value, 64);
    same("what it extracts", value, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", 32);
    hkdf.ulSaltType = CKF_HKDF_SALT_KEY_;
    hkdf.hSaltKey = bring(CKK_GENERIC_SECRET, salt, sizeof salt);
    OK("HKDF extracts with a key", derive(&how, base, 32, &prk));
    value_of(prk, value, 64);
    same("what it extracts with a key", value, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", 32);
    hkdf.bExtract = CK_FALSE;
    hkdf.bExpand = CK_TRUE;
    hkdf.ulSaltType = CKF_HKDF_SALT_NULL_;
    hkdf.pInfo = info;
    hkdf.ulInfoLen = sizeof info;
    OK("HKDF expands", derive(&how, prk, 32, &okm));
    value_of(okm, value, 64);
    same("what it expands", value, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", 32);

    CK_COUNTER_ counter = {CK_FALSE, 32};
    CK_LENGTH_ told = {1, CK_FALSE, 32};
    CK_FIELD_ fields[] = {{1, &counter, sizeof counter}, {4, "label", 5}, {4, "", 1}, {4, "context", 7}, {3, &told, sizeof told}};
    CK_KDF_ kdf = {CKM_SHA256_HMAC, 5, fields, 0, NULL};
    CK_MECHANISM counting = {CKM_SP800_108_COUNTER_KDF_, &kdf, sizeof kdf}, hmac = {CKM_SHA256_HMAC, NULL, 0};
    OK("SP 800-108 counts", derive(&counting, base, 32, &okm));
    CK_ULONG length = sizeof mac;
    OK("an HMAC", p->C_SignInit(s, &hmac, base));
    OK("of the same", p->C_Sign(s, (CK_BYTE *)"\0\0\0\1label\0context\0\0\1\0", 21, mac, &length));
    if (value_of(okm, value, 64) != 32 || memcmp(value, mac, 32)) { printf("SP 800-108 is not its HMAC\n"); failed++; }
    counter.ulWidthInBits = 16;
    EXPECT("a counter that KMIP has not", derive(&counting, base, 32, &okm), CKR_MECHANISM_PARAM_INVALID);

    memset(key, 0x11, 16);
    base = bring(CKK_AES, key, 16);
    CK_KEY_DERIVATION_STRING_DATA block = {data, 16};
    CK_MECHANISM encrypting = {CKM_AES_ECB_ENCRYPT_DATA, &block, sizeof block};
    OK("a block makes a key", derive(&encrypting, base, 16, &okm));
    EXPECT("a block makes two", derive(&encrypting, base, 32, &okm), CKR_DATA_LEN_RANGE);
    memset(key + 16, 0x22, 16);
    memset(data, 0x44, 32);
    CK_BYTE tweak[16] = {0x33, 0x33, 0x33, 0x33, 0x33};
    CK_MECHANISM xts = {CKM_AES_XTS_, tweak, 16};
    base = bring(CKK_AES_XTS_, key, 32);
    length = sizeof data;
    OK("XTS", p->C_EncryptInit(s, &xts, base));
    OK("XTS encrypts", p->C_Encrypt(s, data, 32, data, &length));
    same("what XTS makes", data, "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0", 32);
    OK("XTS back", p->C_DecryptInit(s, &xts, base));
    OK("XTS decrypts", p->C_Decrypt(s, data, 32, data, &length));
    if (length != 32 || data[31] != 0x44) { printf("XTS did not come back\n"); failed++; }
    OK("XTS again", p->C_EncryptInit(s, &xts, base));
    EXPECT("less than a block", p->C_Encrypt(s, data, 15, data, &length), CKR_DATA_LEN_RANGE);
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    EXPECT("two keys in ECB", p->C_EncryptInit(s, &ecb, base), CKR_KEY_TYPE_INCONSISTENT);
    CK_ATTRIBUTE of_type = {CKA_KEY_TYPE, &aes, sizeof aes};
    CK_OBJECT_HANDLE found[64];
    CK_ULONG count = 0;
    OK("find", p->C_FindObjectsInit(s, &of_type, 1));
    OK("found", p->C_FindObjects(s, found, 64, &count));
    OK("find ends", p->C_FindObjectsFinal(s));
    if (count != 1) { printf("%lu keys of AES, and one is there beside the one of XTS\n", count); failed++; }
}

/* ML-DSA-65 and ML-DSA-87. */
static void lattices(void) {
    CK_MECHANISM make = {CKM_ML_DSA_KEY_PAIR_GEN_, NULL, 0};
    CK_BYTE text[] = "ten thousand euro to the bakery", signature[5000], key[3000];
    for (CK_ULONG set = 1; set <= 3; set++) {
        CK_ATTRIBUTE of_public[] = {{CKA_PARAMETER_SET_, &set, sizeof set}, {CKA_VERIFY, &yes, 1}};
        CK_ATTRIBUTE of_private[] = {{CKA_SIGN, &yes, 1}, {CKA_SENSITIVE, &yes, 1}};
        CK_OBJECT_HANDLE public, private;
        if (set == 1) {
            EXPECT("ML-DSA-44", p->C_GenerateKeyPair(s, &make, of_public, 2, of_private, 2, &public, &private), CKR_PARAMETER_SET_NOT_SUPPORTED_);
            EXPECT("no set", p->C_GenerateKeyPair(s, &make, of_public + 1, 1, of_private, 2, &public, &private), CKR_TEMPLATE_INCOMPLETE);
            continue;
        }
        OK("a pair", p->C_GenerateKeyPair(s, &make, of_public, 2, of_private, 2, &public, &private));
        CK_ULONG told = 0, type = 0, length = 0, wanted = set == 2 ? 3309 : 4627, bytes = set == 2 ? 1952 : 2592;
        CK_ATTRIBUTE look[] = {{CKA_PARAMETER_SET_, &told, sizeof told}, {CKA_KEY_TYPE, &type, sizeof type}, {CKA_VALUE, key, sizeof key}};
        OK("its public half", p->C_GetAttributeValue(s, public, look, 3));
        if (told != set || type != CKK_ML_DSA_ || look[2].ulValueLen != bytes) { printf("set %lu: %lu, %lu, %lu\n", set, told, type, look[2].ulValueLen); failed++; }
        look[2].ulValueLen = sizeof key;
        EXPECT("its private half is shown", p->C_GetAttributeValue(s, private, look, 3), CKR_ATTRIBUTE_SENSITIVE);
        CK_SIGN_CONTEXT_ context = {0, NULL, 0};
        CK_MECHANISM sign = {CKM_ML_DSA_, NULL, 0}, with = {CKM_ML_DSA_, &context, sizeof context};
        OK("sign", p->C_SignInit(s, &sign, private));
        OK("how long", p->C_Sign(s, text, sizeof text, NULL, &length));
        if (length != wanted) { printf("a signature of %lu\n", length); failed++; }
        OK("signs", p->C_Sign(s, text, sizeof text, signature, &length));
        if (length != wanted) { printf("signature of %lu\n", length); failed++; }
        OK("verify in parts", p->C_VerifyInit(s, &with, public));
        OK("one part", p->C_VerifyUpdate(s, text, 5));
        OK("the other", p->C_VerifyUpdate(s, text + 5, sizeof text - 5));
        OK("verifies", p->C_VerifyFinal(s, signature, length));
        signature[100] ^= 1;
        OK("verify again", p->C_VerifyInit(s, &sign, public));
        EXPECT("a changed signature", p->C_Verify(s, text, sizeof text, signature, length), CKR_SIGNATURE_INVALID);
        OK("verify a short one", p->C_VerifyInit(s, &sign, public));
        EXPECT("a short signature", p->C_Verify(s, text, sizeof text, signature, length - 1), CKR_SIGNATURE_LEN_RANGE);
        context.hedge = 2;
        EXPECT("not random", p->C_SignInit(s, &with, private), CKR_MECHANISM_PARAM_INVALID);
    }
}

/* The interfaces of PKCS#11 3: each name and version, and nothing else. */
static void interfaces(void *library) {
    CK_RV (*list)(CK_INTERFACE_ *, CK_ULONG *) = NULL;
    CK_RV (*one)(const char *, CK_VERSION *, CK_INTERFACE_ **, CK_FLAGS) = NULL;
    *(void **)&list = dlsym(library, "C_GetInterfaceList");
    *(void **)&one = dlsym(library, "C_GetInterface");
    CK_ULONG count = 0;
    CK_INTERFACE_ all[16], *got = NULL;
    OK("how many", list(NULL, &count));
    if (count < 3 || count > 16) { printf("%lu interfaces\n", count); failed++; return; }
    count = 1;
    EXPECT("room for one", list(all, &count), CKR_BUFFER_TOO_SMALL);
    OK("all of them", list(all, &count));
    EXPECT("no count", list(all, NULL), CKR_ARGUMENTS_BAD);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_VERSION *version = all[i].list;
        if (strcmp(all[i].name, "PKCS 11")) { printf("an interface called %s\n", all[i].name); failed++; }
        OK("one by name and version", one("PKCS 11", version, &got, 0));
        if (!got || got->list != all[i].list) { printf("another list for %d.%d\n", version->major, version->minor); failed++; }
    }
    OK("the default", one(NULL, NULL, &got, 0));
    if (((CK_VERSION *)got->list)->major != 3) { printf("the default is old\n"); failed++; }
    CK_VERSION never = {9, 9};
    EXPECT("a version that is none", one("PKCS 11", &never, &got, 0), CKR_FUNCTION_FAILED);
    EXPECT("a name that is none", one("PKCS 12", NULL, &got, 0), CKR_FUNCTION_FAILED);
    EXPECT("nowhere to put it", one("PKCS 11", NULL, NULL, 0), CKR_ARGUMENTS_BAD);
    CK_SLOT_ID slot;
    EXPECT("no slot comes or goes", p->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    EXPECT("nowhere to name the slot", p->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
    EXPECT("what is reserved", p->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
}

static void *wait_for_slot(void *unused) {
    (void)unused;
    CK_SLOT_ID slot;
    return (void *)p->C_WaitForSlotEvent(0, &slot, NULL);
}

int main(int count, char **arguments) {
    CK_C_GetFunctionList list;
    void *library = count == 3 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) { fprintf(stderr, "checks MODULE attacks|conventions|fork|threads|oaep|derivations|lattices|interfaces: %s\n", dlerror()); return 99; }
    *(void **)&list = dlsym(library, "C_GetFunctionList");
    OK("list", list(&p));
    open_library();
    if (!strcmp(arguments[2], "attacks")) attacks();
    if (!strcmp(arguments[2], "conventions")) conventions();
    if (!strcmp(arguments[2], "fork")) forks();
    if (!strcmp(arguments[2], "threads")) threads();
    if (!strcmp(arguments[2], "oaep")) oaep();
    if (!strcmp(arguments[2], "derivations")) derivations();
    if (!strcmp(arguments[2], "lattices")) lattices();
    if (!strcmp(arguments[2], "interfaces")) interfaces(library);
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
