// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/linear_prediction.h"
#include "base/random.h"

#define COUNT 1024
#define ORDER LINEAR_PREDICTION_MAX_ORDER
#define MORE  2000

static float samples[COUNT], copy[COUNT];
static double weights[ORDER], past[ORDER + MORE];

static double learn(unsigned order)
{
    memcpy(copy, samples, sizeof(samples));
    for (unsigned i = 0; i < order; i++)
        past[i] = (double)samples[COUNT - order + i];
    return linear_prediction_burg(samples, copy, COUNT, order, weights);
}

static void test_linear_prediction_continues_tones(void **state)
{
    double error;
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = (float)(0.5 * sin(0.1 * (double)i) + 0.25 * sin(0.37 * (double)i));
    error = learn(ORDER);
    assert_true(error < 1e-4);
    for (size_t i = 0; i < 500; i++) {
        double t = (double)(COUNT + i);
        past[ORDER + i] = linear_prediction_apply(weights, past + i, ORDER);
        assert_true(fabs(past[ORDER + i] - 0.5 * sin(0.1 * t) - 0.25 * sin(0.37 * t)) < 0.02);
    }
}

// x[n] = 0.9 x[n-1] + noise
static void test_linear_prediction_finds_a_known_filter(void **state)
{
    struct random random;
    double last = 0;
    random_init(&random, 1);
    for (size_t i = 0; i < COUNT; i++) {
        last = 0.9 * last + 0.1 * ((double)random_below(&random, 65537) / 32768 - 1);
        samples[i] = (float)last;
    }
    double error = learn(1);
    assert_true(fabs(weights[0] - 0.9) < 0.05);
    assert_true(fabs(error - 0.1 / sqrt(3)) < 0.005);
}

static void test_linear_prediction_is_stable_whatever_comes(void **state)
{
    uint64_t seed = random_u32();
    struct random random;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&random, seed);
    for (int round = 0; round < 50; round++) {
        unsigned order = 1 + random_below(&random, ORDER);
        double rise = (double)random_below(&random, 100) / 1000;
        for (size_t i = 0; i < COUNT; i++)
            samples[i] =
                (float)(exp(rise * ((double)i - COUNT)) * ((double)random_below(&random, 3) - 1));
        learn(order);
        for (size_t i = 0; i < MORE; i++) {
            past[order + i] = linear_prediction_apply(weights, past + i, order);
            assert_true(fabs(past[order + i]) < 1e3);
        }
    }
}

static void test_linear_prediction_of_silence_is_silence(void **state)
{
    memset(samples, 0, sizeof(samples));
    assert_true(learn(ORDER) == 0);
    for (unsigned i = 0; i < ORDER; i++)
        assert_true(weights[i] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_prediction_continues_tones),
        cmocka_unit_test(test_linear_prediction_finds_a_known_filter),
        cmocka_unit_test(test_linear_prediction_is_stable_whatever_comes),
        cmocka_unit_test(test_linear_prediction_of_silence_is_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
