//! HANDS: images that a project declares (DESIGN §6): context, registry credentials, and the files that a
//! deployment reads. Building and pushing themselves are the engine's.

mod content_key;
mod context;
mod credentials;
mod definitions;
mod dockerfile;
mod ecr;
mod ignore_file;
mod registry;
mod registry_api;

pub use content_key::{KEY_LABEL, KeyParts, content_key, key_tag};
pub use context::{Context, ContextError, ContextFor};
pub use credentials::{CredentialError, Keychain};
pub use definitions::{DEFINITIONS_FILE, DEFINITIONS_LIMIT, DETAIL_FILE, definitions, detail, uri};
pub use dockerfile::{BaseImage, UnknownBase, base_images};
pub use ecr::{Creation, EcrError, EcrRepository, Scan};
pub use registry::{ecr_region, host_of, registry_of};
pub use registry_api::{Manifest, Registry, RegistryError, is_immutable};
