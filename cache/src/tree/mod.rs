//! A tree of files as data, and the only code that reads and makes the files of one.
//!
//! - [`Tree`] is what is under one directory: folders with their files and links.
//! - [`list()`] looks at a directory and chooses with a [`Selection`]; [`hash_files`] adds contents.
//! - [`place()`] makes a tree by copies or hard links.
//!
//! A tree may come from a hostile build or from a forged manifest. So names are bytes that were
//! checked to be one component, no link is followed on the way to a directory (see `handle`), and
//! files are only named relative to the open directory that they are in.

mod compare;
mod content;
mod file;
mod handle;
mod list;
mod name;
mod place;
mod select;
mod shape;
mod touched;

pub(crate) use content::{hash_files, wrong_content};
pub(crate) use file::{Layer, Method};
pub(crate) use handle::{Top, open_file};
pub(crate) use list::{Listing, list};
pub(crate) use name::{FolderPath, Name, escape, path_component};
pub(crate) use place::{Placed, Placement, place};
pub(crate) use select::Selection;
pub(crate) use shape::{FileShape, Folder, Link, MOST_ITEMS, Mtime, StoredFile, Tree};
pub(crate) use touched::is_touched;
