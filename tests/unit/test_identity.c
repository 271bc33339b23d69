// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <string.h>
#include <zmq.h>

#include "p2p/identity.h"
#include "p2p/network_key.h"

static void make_identity(struct identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    assert_int_equal(zmq_curve_keypair(identity->public_key, identity->secret_key), 0);
    identity_uid(identity->uid, identity->public_key);
}

static void test_proof_convinces_the_one_who_asked(void **state)
{
    struct identity prover, verifier;
    char challenge[IDENTITY_CHALLENGE_SIZE], proof[IDENTITY_PROOF_SIZE];
    make_identity(&prover);
    make_identity(&verifier);
    identity_make_challenge(challenge);
    assert_int_equal(identity_prove(proof, &prover, verifier.public_key, challenge), 0);
    assert_int_equal(strlen(proof), IDENTITY_PROOF_SIZE - 1);
    assert_int_equal(identity_check_proof(&verifier, prover.public_key, challenge, proof), 0);
}

static void test_proof_for_another_is_refused(void **state)
{
    struct identity prover, verifier, other;
    char challenge[IDENTITY_CHALLENGE_SIZE], proof[IDENTITY_PROOF_SIZE];
    make_identity(&prover);
    make_identity(&verifier);
    make_identity(&other);
    identity_make_challenge(challenge);
    assert_int_equal(identity_prove(proof, &prover, verifier.public_key, challenge), 0);
    assert_int_equal(identity_check_proof(&verifier, other.public_key, challenge, proof), -1);
    assert_int_equal(identity_check_proof(&other, prover.public_key, challenge, proof), -1);
    // The box opens with the keys of either side; the UID inside tells who made it.
    assert_int_equal(identity_check_proof(&prover, verifier.public_key, challenge, proof), -1);
}

static void test_old_or_damaged_proof_is_refused(void **state)
{
    struct identity prover, verifier;
    char challenge[IDENTITY_CHALLENGE_SIZE], later[IDENTITY_CHALLENGE_SIZE];
    char proof[IDENTITY_PROOF_SIZE], damaged[IDENTITY_PROOF_SIZE];
    make_identity(&prover);
    make_identity(&verifier);
    identity_make_challenge(challenge);
    identity_make_challenge(later);
    assert_int_equal(identity_prove(proof, &prover, verifier.public_key, challenge), 0);
    assert_int_equal(identity_check_proof(&verifier, prover.public_key, later, proof), -1);
    for (size_t i = 0; i < sizeof(proof) - 1; i += 7) {
        memcpy(damaged, proof, sizeof(damaged));
        damaged[i] = damaged[i] == '0' ? '1' : '0';
        assert_int_equal(identity_check_proof(&verifier, prover.public_key, challenge, damaged),
                         -1);
    }
    assert_int_equal(identity_check_proof(&verifier, prover.public_key, challenge, "00"), -1);
    assert_int_equal(identity_check_proof(&verifier, prover.public_key, challenge, ""), -1);
}

static void test_malformed_challenge_or_key_is_refused(void **state)
{
    struct identity prover;
    char challenge[IDENTITY_CHALLENGE_SIZE], proof[IDENTITY_PROOF_SIZE];
    unsigned char key[32];
    make_identity(&prover);
    identity_make_challenge(challenge);
    assert_int_equal(identity_prove(proof, &prover, prover.public_key, "abc"), -1);
    assert_int_equal(identity_prove(proof, &prover, "short", challenge), -1);
    challenge[5] = 'g';
    assert_int_equal(identity_prove(proof, &prover, prover.public_key, challenge), -1);
    assert_int_equal(identity_decode_key(key, "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"), -1);
    assert_int_equal(identity_decode_key(key, ""), -1);
}

// The vectors of docs/p2p-protocol.md.
#define VECTOR_NETWORK_KEY "!{NXRhMuZ1TIU{C\?#KMp7xh$JgZ^nrT:y\?Prvl=I"
#define VECTOR_OPEN_KEY    "Q%hfK5{UV5i6cPr.8S3m5X}i93i@RQv[+(f.OYB["
#define VECTOR_UID         "blu5ff-11t5pr-ur7s61"
#define VECTOR_FINGERPRINT "1a0b7727-1f370be5-9012dcf2-88787622-3840cdad-5ef38d41-e63fb966-49e5e338"

static void test_network_key_and_uid_are_those_of_the_specification(void **state)
{
    struct network_key key;
    char uid[UID_SIZE], fingerprint[72];
    assert_int_equal(network_key_derive(&key, "correct horse battery staple"), 0);
    assert_false(key.is_open);
    assert_string_equal(key.public_key, VECTOR_NETWORK_KEY);
    assert_int_equal(network_key_derive(&key, NULL), 0);
    assert_true(key.is_open);
    assert_string_equal(key.public_key, VECTOR_OPEN_KEY);
    identity_uid(uid, VECTOR_OPEN_KEY);
    assert_string_equal(uid, VECTOR_UID);
    identity_fingerprint(fingerprint, VECTOR_OPEN_KEY);
    assert_string_equal(fingerprint, VECTOR_FINGERPRINT);
}

static void test_other_secret_gives_another_key(void **state)
{
    struct network_key a, b, again;
    assert_int_equal(network_key_derive(&a, "a secret of some length"), 0);
    assert_int_equal(network_key_derive(&b, "a secret of some length."), 0);
    assert_int_equal(network_key_derive(&again, "a secret of some length"), 0);
    assert_string_not_equal(a.public_key, b.public_key);
    assert_string_equal(a.secret_key, again.secret_key);
}

static int init(void **state)
{
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof_convinces_the_one_who_asked),
        cmocka_unit_test(test_proof_for_another_is_refused),
        cmocka_unit_test(test_old_or_damaged_proof_is_refused),
        cmocka_unit_test(test_malformed_challenge_or_key_is_refused),
        cmocka_unit_test(test_network_key_and_uid_are_those_of_the_specification),
        cmocka_unit_test(test_other_secret_gives_another_key),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
