//! Figures as people read them. What comes in: integers. What goes out: words that stay on one line (their spaces do not break).

use super::wrap::NO_BREAK;

/// `4,210`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 findings`, `1 finding`; the plural is the word with an `s`, or with `ies` for a `y`.
pub(super) fn counted(n: u64, word: &str) -> String {
    let plural = match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    };
    format!("{}{NO_BREAK}{}", count(n), if n == 1 { word } else { &plural })
}

/// The `s` of several.
pub(super) fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// `3.1 M`, `12 k`, `950`.
pub(super) fn short(n: u64) -> String {
    scaled(n, &["", "k", "M", "G", "T", "P", "E"])
}

/// `1.3 GB`, `950 B`.
pub(super) fn bytes(n: u64) -> String {
    scaled(n, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// `0.4 s`, `12 s`, `2 min 5 s`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..=9_949 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{}{NO_BREAK}s", tenths / 10, tenths % 10)
        }
        9_950..=59_499 => format!("{}{NO_BREAK}s", (ms + 500) / 1000),
        _ => {
            let seconds = ms / 1000 + u64::from(ms % 1000 >= 500);
            format!("{}{NO_BREAK}min{NO_BREAK}{}{NO_BREAK}s", count(seconds / 60), seconds % 60)
        }
    }
}

/// Two or three significant digits and a unit.
fn scaled(n: u64, units: &[&str]) -> String {
    let n = u128::from(n);
    let (mut unit, mut size) = (0, 1);
    while (n + size / 2) / size >= 1000 && unit + 1 < units.len() {
        (unit, size) = (unit + 1, size * 1000);
    }
    let tenths = (n * 10 + size / 2) / size;
    let number = match (unit, tenths) {
        (1.., 0..100) => format!("{}.{}", tenths / 10, tenths % 10),
        _ => ((n + size / 2) / size).to_string(),
    };
    match units.get(unit).copied().unwrap_or_default() {
        "" => number,
        unit => format!("{number}{NO_BREAK}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        let plain = |text: String| text.replace(NO_BREAK, " ");
        for (n, expected) in [(0, "0"), (999, "999"), (4210, "4,210"), (187_003, "187,003"), (1_000_000, "1,000,000")] {
            assert_eq!(count(n), expected);
        }
        for (n, expected) in [
            (0, "0"),
            (950, "950"),
            (1000, "1.0 k"),
            (12_345, "12 k"),
            (999_499, "999 k"),
            (999_950, "1.0 M"),
            (3_123_456, "3.1 M"),
            (u64::MAX, "18 E"),
        ] {
            assert_eq!(plain(short(n)), expected);
        }
        for (n, expected) in [(0, "0 B"), (999, "999 B"), (1_300_000_000, "1.3 GB"), (52_428_800, "52 MB")] {
            assert_eq!(plain(bytes(n)), expected);
        }
        for (ms, expected) in [
            (0, "0.0 s"),
            (4_230, "4.2 s"),
            (9_949, "9.9 s"),
            (9_950, "10 s"),
            (59_499, "59 s"),
            (59_500, "1 min 0 s"),
            (125_000, "2 min 5 s"),
        ] {
            assert_eq!(plain(duration(ms)), expected);
        }
        for (n, word, expected) in
            [(1, "finding", "1 finding"), (0, "finding", "0 findings"), (2, "entry", "2 entries")]
        {
            assert_eq!(plain(counted(n, word)), expected);
        }
        assert_eq!(plain(duration(u64::MAX)), "307,445,734,561,825 min 52 s");
    }
}
