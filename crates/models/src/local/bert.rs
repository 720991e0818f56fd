//! The network: tokens in, one vector for each text out, of length 1.
//!
//! Texts of a batch stand one after the other in one matrix without padding: only where words look
//! at each other each text is by itself. So a text has the same vector in any company, and nothing
//! is reckoned for words that are not there.

use candle_core::{D, Device, Error, Result, Tensor, safetensors::BufferedSafetensors};
use serde::Deserialize;

const CPU: Device = Device::Cpu;

/// What is said of the network beside its weights.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    layer_norm_eps: f64,
    max_position_embeddings: usize,
}

/// A network of the family of BERT, with the mean of its last layer as the vector of a text.
pub(super) struct Bert {
    words: Tensor,
    /// Of each position, with what every first segment has added to it.
    positions: Tensor,
    begin: Norm,
    layers: Vec<Layer>,
    width: usize,
}

struct Layer {
    /// Query, key and value side by side.
    looks: Linear,
    out: Linear,
    out_norm: Norm,
    up: Linear,
    down: Linear,
    down_norm: Norm,
    heads: usize,
}

struct Linear {
    /// Seen as columns: input × output.
    weight: Tensor,
    bias: Tensor,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl Bert {
    /// Takes the weights over.
    pub(super) fn read(config: &Config, weights: Vec<u8>) -> Result<Self> {
        let weights = Weights { all: BufferedSafetensors::new(weights)?, config };
        let segment = weights.tensor("embeddings.token_type_embeddings.weight")?.narrow(0, 0, 1)?;
        let positions = weights.tensor("embeddings.position_embeddings.weight")?;
        let layers = 0..config.num_hidden_layers;
        Ok(Self {
            words: weights.tensor("embeddings.word_embeddings.weight")?,
            positions: positions.broadcast_add(&segment)?,
            begin: weights.norm("embeddings.LayerNorm")?,
            layers: layers.map(|it| weights.layer(it)).collect::<Result<_>>()?,
            width: config.hidden_size,
        })
    }

    /// The vectors of texts, in their order. None of them is empty: each has its marks.
    pub(super) fn vectors(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let lengths: Vec<usize> = texts.iter().map(|it| it.len()).collect();
        let words = texts.concat();
        let positions: Vec<u32> =
            texts.iter().flat_map(|it| (0_u32..).zip(it.iter()).map(|(at, _)| at)).collect();
        let count = words.len();
        let words = self.words.index_select(&Tensor::from_vec(words, count, &CPU)?, 0)?;
        let positions =
            self.positions.index_select(&Tensor::from_vec(positions, count, &CPU)?, 0)?;
        let mut state = self.begin.of(&words.add(&positions)?)?;
        for layer in &self.layers {
            state = layer.of(&state, &lengths, self.width)?;
        }
        let mut begin = 0;
        let mut vectors = Vec::with_capacity(texts.len());
        for length in lengths {
            let mean = state.narrow(0, begin, length)?.mean(0)?;
            vectors.push(of_length_one(mean.to_vec1::<f32>()?));
            begin += length;
        }
        Ok(vectors)
    }
}

impl Layer {
    fn of(&self, state: &Tensor, lengths: &[usize], width: usize) -> Result<Tensor> {
        let looks = self.looks.of(state)?;
        let mut begin = 0;
        let mut seen = Vec::with_capacity(lengths.len());
        for length in lengths {
            seen.push(self.seen(&looks.narrow(0, begin, *length)?, *length, width)?);
            begin += length;
        }
        let seen = self.out.of(&Tensor::cat(&seen, 0)?)?;
        let state = self.out_norm.of(&seen.add(state)?)?;
        let thought = self.down.of(&self.up.of(&state)?.gelu_erf()?)?;
        self.down_norm.of(&thought.add(&state)?)
    }

    /// What the words of one text see of each other.
    fn seen(&self, looks: &Tensor, length: usize, width: usize) -> Result<Tensor> {
        let part = |at: usize| {
            let part = looks.narrow(1, at * width, width)?;
            part.reshape((length, self.heads, width / self.heads))?.transpose(0, 1)
        };
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let likeness = query.matmul(&key.transpose(1, 2)?)?;
        let seen = shares(&likeness)?.matmul(&value)?;
        seen.transpose(0, 1)?.reshape((length, width))
    }
}

impl Linear {
    fn of(&self, state: &Tensor) -> Result<Tensor> {
        state.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

impl Norm {
    fn of(&self, state: &Tensor) -> Result<Tensor> {
        let centred = state.broadcast_sub(&state.mean_keepdim(D::Minus1)?)?;
        let spread = (centred.sqr()?.mean_keepdim(D::Minus1)? + self.epsilon)?.sqrt()?;
        let even = centred.broadcast_div(&spread)?;
        even.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}

/// Of each row the shares of one whole (softmax).
fn shares(rows: &Tensor) -> Result<Tensor> {
    // Without the greatest of a row first taken away its powers could be infinite.
    let powers = rows.broadcast_sub(&rows.max_keepdim(D::Minus1)?)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}

fn of_length_one(mut vector: Vec<f32>) -> Vec<f32> {
    let squares: f64 = vector.iter().map(|it| f64::from(*it).powi(2)).sum();
    // As every framework has it: a vector of zeros stays one.
    let length = squares.sqrt().max(1e-12);
    vector.iter_mut().for_each(|it| *it = (f64::from(*it) / length) as f32);
    vector
}

struct Weights<'a> {
    all: BufferedSafetensors,
    config: &'a Config,
}

impl Weights<'_> {
    fn tensor(&self, name: &str) -> Result<Tensor> {
        self.all.load(name, &CPU)
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"))?.t()?;
        Ok(Linear { weight, bias: self.tensor(&format!("{name}.bias"))? })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.weight"))?,
            bias: self.tensor(&format!("{name}.bias"))?,
            epsilon: self.config.layer_norm_eps,
        })
    }

    fn layer(&self, at: usize) -> Result<Layer> {
        let heads = self.config.num_attention_heads;
        let scale = 1.0 / ((self.config.hidden_size / heads) as f64).sqrt();
        let name = |rest: &str| format!("encoder.layer.{at}.{rest}");
        let of = |rest: &str| self.linear(&name(rest));
        let looks = |end: &str| {
            let part = |it: &str| self.tensor(&name(&format!("attention.self.{it}.{end}")));
            // Likeness is divided by this; done here, it is done once.
            let query = (part("query")? * scale)?;
            Tensor::cat(&[query, part("key")?, part("value")?], 0)
        };
        Ok(Layer {
            looks: Linear { weight: looks("weight")?.t()?, bias: looks("bias")? },
            out: of("attention.output.dense")?,
            out_norm: self.norm(&name("attention.output.LayerNorm"))?,
            up: of("intermediate.dense")?,
            down: of("output.dense")?,
            down_norm: self.norm(&name("output.LayerNorm"))?,
            heads,
        })
    }
}

impl Config {
    /// Reads it, and refuses what no network of this family can be, or texts of this length no place
    /// in.
    pub(super) fn read(bytes: &[u8], tokens_max: usize) -> Result<Self> {
        let config: Self = serde_json::from_slice(bytes).map_err(Error::wrap)?;
        let heads = config.num_attention_heads;
        if heads == 0 || !config.hidden_size.is_multiple_of(heads) {
            return Err(Error::Msg("its width is no multiple of its heads".into()));
        }
        if config.max_position_embeddings < tokens_max {
            return Err(Error::Msg(format!("it has no place for {tokens_max} tokens")));
        }
        Ok(config)
    }
}
