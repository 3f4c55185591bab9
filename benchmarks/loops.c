/* The loops that the library is compared with: RK4 of the Lorenz system, one trajectory at a time. */
#include <math.h>

static inline void velocity(const double *y, double *v) {
    v[0] = 10.0 * (y[1] - y[0]);
    v[1] = y[0] * (28.0 - y[2]) - y[1];
    v[2] = y[0] * y[1] - 8.0 / 3.0 * y[2];
}

/* Df(y) w */
static inline void linear(const double *y, const double *w, double *v) {
    v[0] = 10.0 * (w[1] - w[0]);
    v[1] = w[0] * (28.0 - y[2]) - y[0] * w[2] - w[1];
    v[2] = w[0] * y[1] + y[0] * w[1] - 8.0 / 3.0 * w[2];
}

static inline void step(double *y, double h) {
    double a[3], b[3], c[3], d[3], p[3];
    velocity(y, a);
    for (int i = 0; i < 3; i++) p[i] = y[i] + 0.5 * h * a[i];
    velocity(p, b);
    for (int i = 0; i < 3; i++) p[i] = y[i] + 0.5 * h * b[i];
    velocity(p, c);
    for (int i = 0; i < 3; i++) p[i] = y[i] + h * c[i];
    velocity(p, d);
    for (int i = 0; i < 3; i++) y[i] += h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]);
}

/* The same with three tangent vectors, the rows of q. */
static inline void tangent_step(double *y, double q[3][3], double h) {
    double a[3], b[3], c[3], d[3], p[3], r[3], s[3];
    velocity(y, a);
    for (int i = 0; i < 3; i++) p[i] = y[i] + 0.5 * h * a[i];
    velocity(p, b);
    for (int i = 0; i < 3; i++) r[i] = y[i] + 0.5 * h * b[i];
    velocity(r, c);
    for (int i = 0; i < 3; i++) s[i] = y[i] + h * c[i];
    velocity(s, d);
    for (int k = 0; k < 3; k++) {
        double *w = q[k], la[3], lb[3], lc[3], ld[3], x[3];
        linear(y, w, la);
        for (int i = 0; i < 3; i++) x[i] = w[i] + 0.5 * h * la[i];
        linear(p, x, lb);
        for (int i = 0; i < 3; i++) x[i] = w[i] + 0.5 * h * lb[i];
        linear(r, x, lc);
        for (int i = 0; i < 3; i++) x[i] = w[i] + h * lc[i];
        linear(s, x, ld);
        for (int i = 0; i < 3; i++) w[i] += h / 6.0 * (la[i] + 2.0 * lb[i] + 2.0 * lc[i] + ld[i]);
    }
    for (int i = 0; i < 3; i++) y[i] += h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]);
}

/* y after n steps. */
void trajectory(double *y, double h, long n) {
    double z[3] = {y[0], y[1], y[2]};
    for (long i = 0; i < n; i++) step(z, h);
    for (int i = 0; i < 3; i++) y[i] = z[i];
}

/* Each of m states, rows of y, after n steps. */
void trajectories(double *y, double h, long n, long m) {
    for (long j = 0; j < m; j++) trajectory(y + 3 * j, h, n);
}

/* Sums of the logarithms of stretching over n steps, orthonormalised every `every` steps by Gram and Schmidt. */
void exponents(double *y, double h, long n, long every, double *sums) {
    double q[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int i = 0; i < 3; i++) sums[i] = 0.0;
    for (long i = 0; i < n; i += every) {
        for (long j = 0; j < every; j++) tangent_step(y, q, h);
        for (int k = 0; k < 3; k++) {
            for (int l = 0; l < k; l++) {
                double o = q[k][0] * q[l][0] + q[k][1] * q[l][1] + q[k][2] * q[l][2];
                for (int m = 0; m < 3; m++) q[k][m] -= o * q[l][m];
            }
            double length = sqrt(q[k][0] * q[k][0] + q[k][1] * q[k][1] + q[k][2] * q[k][2]);
            for (int m = 0; m < 3; m++) q[k][m] /= length;
            sums[k] += log(length);
        }
    }
}
