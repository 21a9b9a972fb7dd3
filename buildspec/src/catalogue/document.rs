//! What is wrong with the text, with its YAML, and at the top level.

use super::{Kind, UNKNOWN_KEY, WRONG_KIND, kind_of};

pub(super) const KINDS: &[Kind] = &[
    kind_of(
        "document.empty",
        "An empty buildspec",
        "There is nothing to run.",
    ),
    kind_of(
        "document.lost-indentation",
        "The indentation is gone",
        "YAML tells by indentation what belongs to what. A listing that was copied from a page often has none left.",
    ),
    kind_of(
        "document.not-a-mapping",
        "Not a mapping",
        "A buildspec is a mapping with `version` and `phases` at its top.",
    ),
    kind_of(
        "document.unknown-key",
        "An unknown key at the top level",
        UNKNOWN_KEY,
    ),
    kind_of(
        "document.wrong-kind",
        "A value of the wrong kind at the top level",
        WRONG_KIND,
    ),
    kind_of(
        "findings.too-many",
        "Too many findings",
        "The text holds more findings than anybody reads.",
    ),
    kind_of(
        "flag.not-yes-or-no",
        "Neither yes nor no",
        "What is not a yes counts as a no.",
    ),
    kind_of(
        "list.no-space",
        "A `-` without a space",
        "`-make` is text and no list item: all lines become one command.",
    ),
    kind_of(
        "list.empty-item",
        "An empty list item",
        "A `-` without a value, often before a `#`, is skipped.",
    ),
    kind_of(
        "phases.nothing-to-run",
        "No phase has a command",
        "The build would start a machine and do nothing.",
    ),
    kind_of(
        "phases.missing",
        "No phases",
        "Without phases there is nothing to run, but for batch builds.",
    ),
    kind_of(
        "phases.unknown-name",
        "An unknown phase",
        "CodeBuild knows `install`, `pre_build`, `build` and `post_build`, and refuses every other name.",
    ),
    kind_of("phases.wrong-kind", "`phases` is no mapping", WRONG_KIND),
    kind_of(
        "text.control-character",
        "A control character",
        "YAML allows no control characters but tabs and line breaks.",
    ),
    kind_of(
        "text.not-unicode",
        "Not Unicode",
        "YAML is UTF-8, or UTF-16 with a mark.",
    ),
    kind_of(
        "text.too-long",
        "Too long",
        "No buildspec has megabytes; something else was given.",
    ),
    kind_of(
        "version.missing",
        "No version",
        "CodeBuild refuses a buildspec without `version`.",
    ),
    kind_of(
        "version.unsupported",
        "An unknown version",
        "There are 0.1 and 0.2.",
    ),
    kind_of(
        "yaml.alias-of-itself",
        "A value that contains itself",
        "It would have no end.",
    ),
    kind_of(
        "yaml.duplicate-key",
        "A key is given twice",
        "Most readers keep the last one and say nothing.",
    ),
    kind_of(
        "yaml.key-not-text",
        "A key that is no text",
        "Buildspecs have text for keys; a template has `{{`.",
    ),
    kind_of(
        "yaml.merge-not-mapping",
        "`<<` without a mapping",
        "A merge key takes in mappings.",
    ),
    kind_of(
        "yaml.more-documents",
        "More than one document",
        "Only the first document is read.",
    ),
    kind_of(
        "yaml.tag",
        "A tag that nobody reads",
        "To YAML a `!` at the start of a value is a tag: `! grep x` is `grep x`, and `!Sub` belongs to CloudFormation.",
    ),
    kind_of(
        "yaml.syntax",
        "Not YAML",
        "CodeBuild ends the build in DOWNLOAD_SOURCE with `YAML_FILE_ERROR`.",
    ),
    kind_of(
        "yaml.tab",
        "A tab in the indentation",
        "YAML indents with spaces.",
    ),
    kind_of(
        "yaml.too-deep",
        "Nested too deep",
        "No buildspec nests that deep; something else was given.",
    ),
    kind_of(
        "yaml.too-many-nodes",
        "Too many values",
        "No buildspec has that many; something else was given.",
    ),
    kind_of(
        "yaml.too-much-aliased",
        "Aliases that multiply",
        "Aliases of aliases can grow beyond all memory.",
    ),
    kind_of(
        "yaml.unknown-alias",
        "An alias for nothing",
        "Text that starts with `*` needs quotes.",
    ),
];
