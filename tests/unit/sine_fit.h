// SPDX-License-Identifier: MPL-2.0
//
// Signal to noise and distortion of a sine whose phase is known up to a constant: the least-squares
// fit of a sine, a cosine and a constant is the signal, and what is left is the rest.

#ifndef ROC_TESTS_SINE_FIT_H
#define ROC_TESTS_SINE_FIT_H

#include <math.h>
#include <stddef.h>

struct sine_fit {
    double sine;
    double cosine;
    double constant;
};

// Gauss without pivots: the matrix is symmetric and near to a multiple of the unit matrix.
static inline struct sine_fit sine_fit_solve(double m[3][4])
{
    for (int i = 0; i < 3; i++) {
        for (int row = 0; row < 3; row++) {
            double factor = row == i ? 0 : m[row][i] / m[i][i];
            for (int column = 0; column < 4; column++)
                m[row][column] -= factor * m[i][column];
        }
    }
    return (struct sine_fit){m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]};
}

// The samples of one channel are stride floats apart; phases are in radians.
static inline struct sine_fit sine_fit_make(const double *phases, const float *samples,
                                            size_t stride, size_t count)
{
    double m[3][4] = {{0}};
    for (size_t n = 0; n < count; n++) {
        const double terms[4] = {sin(phases[n]), cos(phases[n]), 1, samples[n * stride]};
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 4; j++)
                m[i][j] += terms[i] * terms[j];
        }
    }
    return sine_fit_solve(m);
}

static inline double sine_fit_sinad_db(const double *phases, const float *samples, size_t stride,
                                       size_t count)
{
    const struct sine_fit fit = sine_fit_make(phases, samples, stride, count);
    double signal = 0, rest = 0;
    for (size_t n = 0; n < count; n++) {
        double sine = fit.sine * sin(phases[n]) + fit.cosine * cos(phases[n]);
        double error = samples[n * stride] - sine - fit.constant;
        signal += sine * sine;
        rest += error * error + fit.constant * fit.constant;
    }
    return 10 * log10(signal / rest);
}

#endif
