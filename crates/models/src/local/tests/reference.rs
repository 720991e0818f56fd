//! The same network, written down once more: slow, one number after the other, each of 64 bits.

use super::tiny::{HEADS, LAYERS, Tiny, WIDTH};

type Rows = Vec<Vec<f64>>;

/// The vector of a text, by its tokens.
pub(super) fn vector(tiny: &Tiny, ids: &[u32]) -> Vec<f64> {
    let word = tiny.rows("embeddings.word_embeddings.weight");
    let position = tiny.rows("embeddings.position_embeddings.weight");
    let segment = tiny.rows("embeddings.token_type_embeddings.weight");
    let mut state: Rows = ids
        .iter()
        .enumerate()
        .map(|(at, id)| {
            let id = usize::try_from(*id).unwrap();
            (0..WIDTH).map(|it| word[id][it] + position[at][it] + segment[0][it]).collect()
        })
        .collect();
    state = tiny.norm("embeddings.LayerNorm", &state);
    for layer in 0..LAYERS {
        let name = |rest: &str| format!("encoder.layer.{layer}.{rest}");
        let [query, key, value] = ["query", "key", "value"]
            .map(|it| tiny.linear(&name(&format!("attention.self.{it}")), &state));
        let mut seen = vec![vec![0.0; WIDTH]; ids.len()];
        let size = WIDTH / HEADS;
        for head in 0..HEADS {
            let of = head * size..(head + 1) * size;
            for (at, seen) in seen.iter_mut().enumerate() {
                let alike = |other: &Vec<f64>| -> f64 {
                    let products = of.clone().map(|it| query[at][it] * other[it]);
                    (products.sum::<f64>() / (size as f64).sqrt()).exp()
                };
                let alike: Vec<f64> = key.iter().map(alike).collect();
                let whole: f64 = alike.iter().sum();
                for it in of.clone() {
                    let parts = alike.iter().zip(&value).map(|(share, row)| share * row[it]);
                    seen[it] = parts.sum::<f64>() / whole;
                }
            }
        }
        let out = tiny.linear(&name("attention.output.dense"), &seen);
        state = tiny.norm(&name("attention.output.LayerNorm"), &sum(&out, &state));
        let mut thought = tiny.linear(&name("intermediate.dense"), &state);
        thought
            .iter_mut()
            .flatten()
            .for_each(|it| *it = 0.5 * *it * (1.0 + erf(*it / 2_f64.sqrt())));
        let down = tiny.linear(&name("output.dense"), &thought);
        state = tiny.norm(&name("output.LayerNorm"), &sum(&down, &state));
    }
    let mean: Vec<f64> = (0..WIDTH)
        .map(|it| state.iter().map(|row| row[it]).sum::<f64>() / ids.len() as f64)
        .collect();
    let length = mean.iter().map(|it| it * it).sum::<f64>().sqrt();
    mean.into_iter().map(|it| it / length).collect()
}

impl Tiny {
    fn rows(&self, name: &str) -> Rows {
        let rows = self.weights[name].to_vec2::<f32>().unwrap();
        rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect()
    }

    fn row(&self, name: &str) -> Vec<f64> {
        self.weights[name].to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
    }

    fn linear(&self, name: &str, state: &[Vec<f64>]) -> Rows {
        let (weight, bias) =
            (self.rows(&format!("{name}.weight")), self.row(&format!("{name}.bias")));
        let of = |row: &Vec<f64>| {
            weight
                .iter()
                .zip(&bias)
                .map(|(weight, bias)| {
                    weight.iter().zip(row).map(|(a, b)| a * b).sum::<f64>() + bias
                })
                .collect()
        };
        state.iter().map(of).collect()
    }

    fn norm(&self, name: &str, state: &[Vec<f64>]) -> Rows {
        let (weight, bias) =
            (self.row(&format!("{name}.weight")), self.row(&format!("{name}.bias")));
        let of = |row: &Vec<f64>| {
            let count = row.len() as f64;
            let mean = row.iter().sum::<f64>() / count;
            let spread = row.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count;
            let even = row.iter().map(|it| (it - mean) / (spread + 1e-12).sqrt());
            even.zip(&weight).zip(&bias).map(|((it, weight), bias)| it * weight + bias).collect()
        };
        state.iter().map(of).collect()
    }
}

fn sum(one: &[Vec<f64>], other: &[Vec<f64>]) -> Rows {
    let rows = one.iter().zip(other);
    rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// The error function, by its series: exact to the last places for the numbers here.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200_u32 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}
