//! "Did you mean": the known name that a misspelt one stands for.

/// Names longer than this are no misspelling of ours; it also bounds the work on hostile text.
const LONGEST: usize = 32;

/// The most known names that are compared.
const MOST: usize = 100;

/// Returns the known name nearest to `name`, if one is near enough to be meant.
pub(crate) fn closest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    if name.len() > LONGEST {
        return None;
    }
    let wanted = bare(name);
    let nearest = nearest(name, known.iter().copied());
    let begins = |candidate: &&&str| wanted.len() > 3 && bare(candidate).starts_with(&wanted);
    nearest.or_else(|| known.iter().find(begins).copied())
}

/// Returns the known name that few slips of the keyboard lie away from `name`; at most the first hundred
/// are looked at.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > LONGEST {
        return None;
    }
    let wanted = bare(name);
    let allowed = (wanted.len() / 3).min(3);
    known
        .take(MOST)
        .filter(|candidate| candidate.len() <= 2 * LONGEST)
        .map(|candidate| (distance(&wanted, &bare(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns what is left of a name when case and word separators do not count.
fn bare(name: &str) -> Vec<char> {
    let letters = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '\\' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns how many insertions, deletions, replacements and swaps of neighbours lie between two names.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, r) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(l != r);
            let mut cost = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *l == right[column - 1] && left[row - 1] == *r {
                cost = cost.min(before[column - 1] + 1);
            }
            current.push(cost);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::closest;

    const PHASES: &[&str] = &["install", "pre_build", "build", "post_build"];

    #[test]
    fn separators_and_case_do_not_count() {
        assert_eq!(closest("pre-build", PHASES), Some("pre_build"));
        assert_eq!(closest("POSTBUILD", PHASES), Some("post_build"));
        assert_eq!(closest("post\\_build", PHASES), Some("post_build"));
    }

    #[test]
    fn slips_of_the_keyboard_are_recognised() {
        assert_eq!(closest("isntall", PHASES), Some("install"));
        assert_eq!(closest("commandss", &["commands"]), Some("commands"));
        assert_eq!(
            closest("runtime-verions", &["runtime-versions"]),
            Some("runtime-versions")
        );
    }

    #[test]
    fn the_beginning_of_a_name_is_recognised() {
        assert_eq!(
            closest("JUNIT", &["CLOVERXML", "JUNITXML"]),
            Some("JUNITXML")
        );
        assert_eq!(closest("post", PHASES), Some("post_build"));
        assert_eq!(closest("pre", PHASES), None);
    }

    #[test]
    fn other_words_are_left_alone() {
        assert_eq!(closest("deploy", PHASES), None);
        assert_eq!(closest(&"build".repeat(100), PHASES), None);
    }
}
