//! Sizes and ages, as people write them.

use super::exit::CliError;

/// Reads `3GiB`, `512m`, `1.5g`, `20 GB`: a number of bytes. A letter alone is a power of 1024, as for Docker.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let unit = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => return None,
    };
    whole(number * unit)
}

/// Returns the size of a flag, or says how one is written.
pub(super) fn size(flag: &str, text: &str) -> Result<u64, CliError> {
    bytes(text).ok_or_else(|| {
        CliError::unusable(
            format!("{flag}: `{text}` is not a size"),
            "write one such as 20GiB, 500MB or 0",
        )
    })
}

/// Returns the age of a flag in milliseconds, or says how one is written: `30m`, `12h`, `7d`, `2w`.
pub(super) fn age(flag: &str, text: &str) -> Result<i64, CliError> {
    let millis = number_and_unit(text).and_then(|(number, unit)| {
        let unit = match unit.as_str() {
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            "w" => 7.0 * 86_400_000.0,
            _ => return None,
        };
        whole(number * unit).and_then(|millis| i64::try_from(millis).ok())
    });
    millis.ok_or_else(|| {
        CliError::unusable(
            format!("{flag}: `{text}` is not an age"),
            "write one such as 12h, 7d or 2w",
        )
    })
}

fn number_and_unit(text: &str) -> Option<(f64, String)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim().to_ascii_lowercase()))
}

fn whole(number: f64) -> Option<u64> {
    // 2^60: beyond any machine, and exact enough.
    if !(0.0..=1.152e18).contains(&number) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was looked at"
    )]
    let whole = number.round() as u64;
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, size) in [
            ("0", 0),
            ("20GiB", 20 << 30),
            ("1.5g", 3 << 29),
            ("8 GB", 8_000_000_000),
        ] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "GiB", "3Gib/s", "-1g", "1.2.3g", "1e30g", "99999999t"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_read_as_people_write_them() {
        for (text, millis) in [
            ("30m", 1_800_000),
            ("12h", 43_200_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
        ] {
            assert_eq!(age("--older-than", text).ok(), Some(millis), "{text}");
        }
        for text in ["", "7", "d", "-1d", "7 days"] {
            assert!(age("--older-than", text).is_err(), "{text}");
        }
    }
}
