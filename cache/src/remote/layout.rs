//! The keys of a store's objects.

use crate::hash::ContentHash;
use crate::key::{EntryKey, Namespace};

/// Where things are in a bucket.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    prefix: String,
}

/// Another layout, or another form of its objects, lives beside this one.
const VERSION: &str = "v1";

impl Layout {
    pub(super) fn new(prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/').to_owned();
        Self { prefix }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn key(&self, key: &EntryKey) -> String {
        self.below(&key.parts().namespace, &format!("keys/{}.json", key.hash()))
    }

    pub(super) fn names(&self, namespace: &Namespace) -> String {
        self.below(namespace, "names.json")
    }

    pub(super) fn manifest(&self, namespace: &Namespace, name: ContentHash) -> String {
        self.below(namespace, &format!("manifests/{name}"))
    }

    pub(super) fn pack(&self, namespace: &Namespace, name: ContentHash) -> String {
        self.below(namespace, &format!("packs/{name}"))
    }

    /// Returns where an object is kept that is not what it should be.
    pub(super) fn damaged(&self, namespace: &Namespace, object: &str) -> String {
        let object = object.replace('/', "-");
        self.below(namespace, &format!("damaged/{object}"))
    }

    fn below(&self, namespace: &Namespace, rest: &str) -> String {
        // The namespace was escaped to one component, so no project's name reaches another's objects.
        let namespace = namespace.component();
        match self.prefix.as_str() {
            "" => format!("{VERSION}/{namespace}/{rest}"),
            prefix => format!("{prefix}/{VERSION}/{namespace}/{rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_namespace_reaches_another_ones_objects() {
        let layout = Layout::new("/a/b/");
        let names = |name| layout.names(&Namespace::new(name).expect("a name"));
        assert_eq!(names("p"), "a/b/v1/p/names.json");
        assert_eq!(names("p/../q"), "a/b/v1/p%2F..%2Fq/names.json");
        assert_eq!(names(".."), "a/b/v1/%2E./names.json");
        let bare = Layout::new("").names(&Namespace::new("p").expect("a name"));
        assert_eq!(bare, "v1/p/names.json");
    }
}
