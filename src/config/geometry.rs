//! Whether a polygon encloses an area without crossing itself. Knows corners only.

use std::cmp::Ordering;

/// A corner, x to the right and y down, each 0..=1 over the picture.
type Point = (f32, f32);

/// Smallest area of a polygon as a share of the picture: about a quarter of a pixel at 640x480.
const SMALLEST_AREA: f64 = 1e-6;

/// What is wrong with a polygon's corners, in words with their numbers counted from 0 as in the key; `None` if it
/// encloses an area. Every coordinate must be a number in 0..=1.
pub fn polygon_fault(points: &[Point]) -> Option<String> {
    let count = points.len();
    if count < 3 {
        return Some(format!("has {count} {}: a polygon needs at least 3", corners(count)));
    }
    for (index, point) in points.iter().enumerate() {
        if let Some(first) = points[..index].iter().position(|other| other == point) {
            let closing = if first == 0 && index == count - 1 {
                " (a polygon closes by itself, leave the last corner out)"
            } else {
                ""
            };
            return Some(format!("has the same corner twice, [{first}] and [{index}]{closing}"));
        }
    }
    // Neighbours have a corner in common. One that runs back over the other is found all the same: its end is on an
    // edge that is no neighbour of the next.
    for first in 0..count {
        let last = if first == 0 { count - 1 } else { count };
        for second in first + 2..last {
            let (a, b) = edge(points, first);
            let (c, d) = edge(points, second);
            if meet(a, b, c, d) {
                let end = |index| (index + 1) % count;
                return Some(format!(
                    "crosses itself: the edge from [{first}] to [{}] meets the one from [{second}] to [{}]; \
                     list the corners in their order around the area",
                    end(first),
                    end(second),
                ));
            }
        }
    }
    // After the crossings: the halves of a bow tie cancel each other out.
    (area(points) < SMALLEST_AREA)
        .then(|| "encloses no area: its corners lie on a line or next to each other".into())
}

fn corners(count: usize) -> &'static str {
    if count == 1 { "corner" } else { "corners" }
}

fn edge(points: &[Point], index: usize) -> (Point, Point) {
    (points[index], points[(index + 1) % points.len()])
}

/// Shoelace formula.
fn area(points: &[Point]) -> f64 {
    let twice: f64 = (0..points.len())
        .map(|index| {
            let ((x0, y0), (x1, y1)) = edge(points, index);
            f64::from(x0) * f64::from(y1) - f64::from(x1) * f64::from(y0)
        })
        .sum();
    twice.abs() / 2.0
}

/// On which side of the line from `a` to `b` the point `p` lies; `Equal`: on it.
fn side(a: Point, b: Point, p: Point) -> Ordering {
    let [ax, ay, bx, by, px, py] = [a.0, a.1, b.0, b.1, p.0, p.1].map(f64::from);
    let cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
    cross.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
}

/// Whether `p`, which is on the line through `a` and `b`, lies between them.
fn between(a: Point, b: Point, p: Point) -> bool {
    (a.0.min(b.0)..=a.0.max(b.0)).contains(&p.0) && (a.1.min(b.1)..=a.1.max(b.1)).contains(&p.1)
}

/// Whether the edges a-b and c-d, which have no corner in common, share a point.
fn meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let (c_side, d_side) = (side(a, b, c), side(a, b, d));
    let (a_side, b_side) = (side(c, d, a), side(c, d, b));
    (c_side == Ordering::Equal && between(a, b, c))
        || (d_side == Ordering::Equal && between(a, b, d))
        || (a_side == Ordering::Equal && between(c, d, a))
        || (b_side == Ordering::Equal && between(c, d, b))
        || (c_side == d_side.reverse()
            && a_side == b_side.reverse()
            && c_side != Ordering::Equal
            && a_side != Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(points: &[Point]) -> String {
        polygon_fault(points).unwrap_or_default()
    }

    #[test]
    fn simple_polygons_are_fine_in_both_directions() {
        let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let arrow = [(0.1, 0.1), (0.9, 0.5), (0.1, 0.9), (0.4, 0.5)];
        let corner_on_an_edge = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0)];
        for polygon in [square, arrow, corner_on_an_edge] {
            assert_eq!(fault(&polygon), "");
            let mut backwards = polygon;
            backwards.reverse();
            assert_eq!(fault(&backwards), "");
        }
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        for last in [0.8, 1.0] {
            assert!(fault(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, last)]).contains("[0] to [1] meets"));
        }
    }

    #[test]
    fn a_corner_that_touches_another_edge_is_a_crossing() {
        let touching = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)];
        assert!(fault(&touching).contains("crosses itself"));
    }

    #[test]
    fn an_edge_that_runs_back_over_its_neighbour_is_a_crossing() {
        let spike = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.5, 0.9), (0.5, 0.2), (0.0, 0.5)];
        assert!(fault(&spike).contains("crosses itself"));
        let first_and_last = [(0.5, 0.0), (0.9, 0.0), (0.9, 0.9), (0.0, 0.9), (0.0, 0.0), (0.7, 0.0)];
        assert!(fault(&first_and_last).contains("crosses itself"));
    }

    #[test]
    fn lines_points_and_too_few_corners_enclose_nothing() {
        assert!(fault(&[]).contains("0 corners"));
        assert!(fault(&[(0.1, 0.1)]).contains("1 corner:"));
        assert!(fault(&[(0.1, 0.1), (0.2, 0.2)]).contains("2 corners"));
        assert!(fault(&[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]).contains("no area"));
        assert!(fault(&[(0.1, 0.1), (0.1001, 0.1), (0.1, 0.1001)]).contains("no area"));
        assert!(fault(&[(0.1, 0.1), (0.1, 0.1), (0.3, 0.4)]).contains("[0] and [1]"));
        assert!(fault(&[(0.1, 0.1), (0.5, 0.1), (0.3, 0.4), (0.1, 0.1)]).contains("closes by itself"));
    }
}
