//! The local store, from outside: what is saved comes back, and nothing else ever does.

mod budget;
mod crash;
mod damage;
mod hostile;
mod keep;
mod keyed;
mod layered;
mod lease;
mod race;
mod round_trip;
mod save;
mod scene;
