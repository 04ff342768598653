//! Connected regions of a binary mask, found by runs and union-find. Knows nothing of why a sample is set.

/// A horizontal run of equal samples: `start..end` in row `y`, belonging to region `label`.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub y: u32,
    pub start: u32,
    pub end: u32,
    pub label: u32,
}

impl Run {
    /// Where the run lies in a plane of `width`.
    pub fn range(&self, width: usize) -> std::ops::Range<usize> {
        let row = self.y as usize * width;
        row + self.start as usize..row + self.end as usize
    }
}

/// The runs of one mask and the connected regions that they form.
#[derive(Clone, Debug, Default)]
pub struct Components {
    pub runs: Vec<Run>,
    parents: Vec<u32>,
    /// Number of regions; labels of `runs` are in `0..count`.
    pub count: usize,
}

/// First place from `x` on where `row` isn't `value`; eight samples at a time, since masks are mostly flat.
fn skip_while(row: &[u8], mut x: usize, value: u8) -> usize {
    let flat = u64::from_ne_bytes([value; 8]);
    while let Some(eight) = row.get(x..x + 8) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(eight);
        if u64::from_ne_bytes(bytes) != flat {
            break;
        }
        x += 8;
    }
    while x < row.len() && row[x] == value {
        x += 1;
    }
    x
}

fn root(parents: &mut [u32], mut i: u32) -> u32 {
    while parents[i as usize] != i {
        parents[i as usize] = parents[parents[i as usize] as usize];
        i = parents[i as usize];
    }
    i
}

impl Components {
    /// Makes room for the most runs that a picture can have, so that no later call allocates.
    pub fn reserve(&mut self, width: usize, height: usize) {
        let most = height * width.div_ceil(2);
        self.runs.reserve(most);
        self.parents.reserve(most);
    }

    /// Finds the regions of samples equal to `value` in a mask where all others are `other`. Diagonal neighbours
    /// are connected when `diagonal`.
    pub fn find(&mut self, mask: &[u8], width: usize, value: u8, other: u8, diagonal: bool) {
        self.runs.clear();
        self.parents.clear();
        let reach = u32::from(diagonal);
        let mut above = 0..0;
        for (y, row) in mask.chunks_exact(width).enumerate() {
            let first = self.runs.len();
            let mut candidate = above.start;
            let mut x = 0;
            loop {
                let start = skip_while(row, x, other);
                if start == width {
                    break;
                }
                let end = skip_while(row, start, value);
                let (s, e) = (start as u32, end as u32);
                let index = self.runs.len() as u32;
                self.parents.push(index);
                self.runs.push(Run { y: y as u32, start: s, end: e, label: index });
                while candidate < above.end && self.runs[candidate].end + reach <= s {
                    candidate += 1;
                }
                let mut touching = candidate;
                while touching < above.end && self.runs[touching].start < e + reach {
                    let a = root(&mut self.parents, touching as u32);
                    let b = root(&mut self.parents, index);
                    let (low, high) = (a.min(b), a.max(b));
                    self.parents[high as usize] = low;
                    touching += 1;
                }
                x = end;
            }
            above = first..self.runs.len();
        }
        // Roots have the smallest index of their region, so one pass forward can number them.
        self.count = 0;
        for i in 0..self.runs.len() {
            let r = root(&mut self.parents, i as u32) as usize;
            self.runs[i].label = if r == i {
                self.count += 1;
                self.count as u32 - 1
            } else {
                self.runs[r].label
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_join_around_corners_and_diagonals_as_asked() {
        let picture = ["#..#......", "#..#..#...", "####.#...#", "..........", "#.#.#.#.#."];
        let mask: Vec<u8> = picture.iter().flat_map(|r| r.bytes().map(|b| u8::from(b == b'#'))).collect();
        let mut regions = Components::default();
        regions.reserve(10, 5);
        regions.find(&mask, 10, 1, 0, false);
        assert_eq!(regions.count, 9);
        regions.find(&mask, 10, 1, 0, true);
        assert_eq!(regions.count, 8);
        let first: u32 = regions.runs.iter().filter(|r| r.label == 0).map(|r| r.end - r.start).sum();
        assert_eq!(first, 8);
        regions.find(&mask, 10, 0, 1, false);
        assert_eq!(regions.count, 2, "the hole is open above, the rest is one");
    }
}
