//! HANDS: images that a project declares (DESIGN §6): context, registry credentials, and the files that a
//! deployment reads. Building and pushing themselves are the engine's.

mod context;
mod credentials;
mod definitions;
mod helper;
mod ignore_file;
mod registry;

pub use context::{ContextError, context};
pub use credentials::{CredentialError, Keychain};
pub use definitions::{DEFINITIONS_FILE, DETAIL_FILE, definitions, detail};
