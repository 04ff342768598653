//! Which known word somebody may have meant. Knows nothing of the words.

/// The known word nearest to `word`, if it is near enough to be a slip of the keyboard.
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // One slip in three letters, and no more than three; far longer words aren't compared at all.
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    if word.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or replace to get from one word to the other (Levenshtein), where two neighbours
/// that changed places count once, and capital letters, `-` and `_` don't count.
fn distance(from: &str, to: &str) -> usize {
    let plain = |word: &str| -> Vec<char> {
        word.to_lowercase().chars().map(|letter| if letter == '-' { '_' } else { letter }).collect()
    };
    let (from, to) = (plain(from), plain(to));
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let mut row = vec![i + 1];
        for j in 0..to.len() {
            let replaced = last[j] + usize::from(from[i] != to[j]);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        assert_eq!(distance("fps", "fps"), 0);
        assert_eq!(distance("fsp", "fps"), 1);
        assert_eq!(distance("", "fps"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("Max-Width", "max_width"), 0);
    }

    #[test]
    fn the_nearest_word_is_suggested_and_a_strange_one_is_not() {
        let known = ["width", "height", "fps", "hold_seconds"];
        assert_eq!(nearest("widht", known), Some("width"));
        assert_eq!(nearest("hold_second", known), Some("hold_seconds"));
        assert_eq!(nearest("holdseconds", known), Some("hold_seconds"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"w".repeat(100_000), known), None);
    }
}
