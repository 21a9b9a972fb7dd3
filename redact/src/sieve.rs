//! Says quickly where no form can begin.

/// So many bytes are looked at together.
const GRAM: usize = 4;
/// Farther apart than this gains nothing.
const FARTHEST: usize = 16;
/// The table has two to the power of this many bits: 16 kB, half of the fastest cache.
const BITS: u32 = 17;
const WORDS: usize = 1 << (BITS - 6);

/// The grams that stand at the beginning of forms.
///
/// Of a text only every `stride`th gram is looked at. A form of `n` bytes has `n - GRAM + 1` grams; when the stride is not
/// larger than that for any form, then one of its first `stride` grams is looked at wherever it stands.
#[derive(Debug, Clone)]
pub(crate) struct Sieve {
    /// Zero when there are no forms.
    stride: usize,
    table: Box<[u64; WORDS]>,
}

impl Sieve {
    pub(crate) fn new<'a>(forms: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let shortest = forms.clone().map(<[u8]>::len).min();
        let stride = shortest.map_or(0, |length| (length + 1).saturating_sub(GRAM).min(FARTHEST));
        let mut sieve = Self {
            stride,
            table: Box::new([0; WORDS]),
        };
        for gram in forms.flat_map(|form| form.windows(GRAM).take(stride)) {
            for hash in hashes(gram) {
                let (word, bit) = place(hash);
                if let Some(word) = sieve.table.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        sieve
    }

    /// Returns the first place from `from` on where a form may begin, or where too little is left to say.
    pub(crate) fn skip(&self, bytes: &[u8], from: usize) -> usize {
        if self.stride == 0 {
            return bytes.len();
        }
        let first = from + self.stride - 1;
        let rest = bytes.get(first..).unwrap_or_default();
        let mut grams = rest.windows(GRAM).step_by(self.stride);
        let count = grams.len();
        let passed = grams.position(|gram| self.may_have(gram)).unwrap_or(count);
        // What begins before this had one of its grams looked at.
        (from + passed * self.stride).min(bytes.len())
    }

    #[inline]
    fn may_have(&self, gram: &[u8]) -> bool {
        hashes(gram).into_iter().all(|hash| {
            let (word, bit) = place(hash);
            self.table.get(word).is_some_and(|word| word & bit != 0)
        })
    }
}

/// Two, so that chance meets both only rarely; odd constants without a pattern.
#[inline]
fn hashes(gram: &[u8]) -> [u32; 2] {
    let gram = gram.first_chunk::<GRAM>().copied().unwrap_or_default();
    let gram = u32::from_le_bytes(gram);
    [0x9E37_79B1, 0x85EB_CA6B].map(|factor: u32| gram.wrapping_mul(factor) >> (u32::BITS - BITS))
}

#[inline]
fn place(hash: u32) -> (usize, u64) {
    ((hash >> 6) as usize & (WORDS - 1), 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beginning_of_a_form_is_skipped_wherever_it_stands() {
        for length in 4..40_u8 {
            let form: Vec<u8> = (b'0'..).take(usize::from(length)).collect();
            let sieve = Sieve::new(std::iter::once(form.as_slice()));
            for before in 0..50 {
                for from in 0..=before {
                    let mut text = vec![b' '; before];
                    text.extend(&form);
                    text.extend([b' '; 9]);
                    let mut at = from;
                    while at < before {
                        let next = sieve.skip(&text, at);
                        assert!(next <= before, "{length} {before} {from}");
                        at = next.max(at + 1);
                    }
                }
            }
        }
    }
}
