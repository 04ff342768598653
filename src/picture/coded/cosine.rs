//! The cosine transform of 8x8 samples and its inverse (T.81, A.3.3), for the blocks that are drawn on. In single precision,
//! without fused operations, so that each processor gives the same bits.

/// Rows of eight.
pub type Square = [[f32; 8]; 8];

/// cos(k * pi / 16) / 2, and for k = 4 that of the mean.
const C: [f32; 8] =
    [0.0, 0.490_392_64, 0.461_939_77, 0.415_734_8, 0.353_553_39, 0.277_785_12, 0.191_341_72, 0.097_545_16];

/// Samples around 0 to coefficients, each at `[row][column]` of its frequencies.
pub fn forward(samples: &Square) -> Square {
    transposed(&forward_columns(&transposed(&forward_columns(samples))))
}

/// Coefficients to samples around 0.
pub fn inverse(coefficients: &Square) -> Square {
    transposed(&inverse_columns(&transposed(&inverse_columns(coefficients))))
}

#[inline(always)]
fn forward_columns(x: &Square) -> Square {
    let mut out = [[0.0; 8]; 8];
    for i in 0..8 {
        let sum = |a: usize| x[a][i] + x[7 - a][i];
        let difference = |a: usize| x[a][i] - x[7 - a][i];
        let (outer, inner) = (sum(0) + sum(3), sum(1) + sum(2));
        let (steep, flat) = (sum(0) - sum(3), sum(1) - sum(2));
        out[0][i] = C[4] * (outer + inner);
        out[2][i] = C[2] * steep + C[6] * flat;
        out[4][i] = C[4] * (outer - inner);
        out[6][i] = C[6] * steep - C[2] * flat;
        let (a, b, c, d) = (difference(0), difference(1), difference(2), difference(3));
        out[1][i] = C[1] * a + C[3] * b + C[5] * c + C[7] * d;
        out[3][i] = C[3] * a - C[7] * b - C[1] * c - C[5] * d;
        out[5][i] = C[5] * a - C[1] * b + C[7] * c + C[3] * d;
        out[7][i] = C[7] * a - C[5] * b + C[3] * c - C[1] * d;
    }
    out
}

#[inline(always)]
fn inverse_columns(x: &Square) -> Square {
    let mut out = [[0.0; 8]; 8];
    for i in 0..8 {
        let (outer, inner) = (C[4] * (x[0][i] + x[4][i]), C[4] * (x[0][i] - x[4][i]));
        let (steep, flat) = (C[2] * x[2][i] + C[6] * x[6][i], C[6] * x[2][i] - C[2] * x[6][i]);
        let even = [outer + steep, inner + flat, inner - flat, outer - steep];
        let (a, b, c, d) = (x[1][i], x[3][i], x[5][i], x[7][i]);
        let odd = [
            C[1] * a + C[3] * b + C[5] * c + C[7] * d,
            C[3] * a - C[7] * b - C[1] * c - C[5] * d,
            C[5] * a - C[1] * b + C[7] * c + C[3] * d,
            C[7] * a - C[5] * b + C[3] * c - C[1] * d,
        ];
        for (y, (even, odd)) in even.into_iter().zip(odd).enumerate() {
            out[y][i] = even + odd;
            out[7 - y][i] = even - odd;
        }
    }
    out
}

#[inline(always)]
fn transposed(x: &Square) -> Square {
    std::array::from_fn(|row| std::array::from_fn(|column| x[column][row]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn they_are_the_standards_and_each_others_inverse() {
        let mut random = fastrand::Rng::with_seed(1);
        let samples: Square = std::array::from_fn(|_| std::array::from_fn(|_| random.i32(-128..128) as f32));
        let coefficients = forward(&samples);
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos();
        for (v, row) in coefficients.iter().enumerate() {
            for (u, &got) in row.iter().enumerate() {
                let sum: f64 =
                    (0..64).map(|i| f64::from(samples[i / 8][i % 8]) * wave(i % 8, u) * wave(i / 8, v)).sum();
                assert!((f64::from(got) - 0.25 * scale(u) * scale(v) * sum).abs() < 0.01, "{u},{v}");
            }
        }
        let back = inverse(&coefficients);
        let mut all = back.iter().flatten().zip(samples.iter().flatten());
        assert!(all.all(|(a, b)| (a - b).abs() < 0.01));
    }
}
