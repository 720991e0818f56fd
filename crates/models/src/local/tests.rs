//! A model of our own that is as small as can be, in a wheel of its own, from end to end; and the real
//! one, where it is there.

mod embedding;
mod installing;
mod real;
mod reference;
mod shop;
mod tiny;
