//! The keys of `[snapshots]`.

use super::events::MOST_DISK;
use crate::config::Snapshots;
use crate::config::keys::{Effect, Field, Key};

/// `[snapshots]`
pub static SNAPSHOTS: &[Key<Snapshots>] = &[
    Key {
        name: "every_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "A picture of each camera is kept so often, at whole multiples by the clock: a time-lapse.",
        field: Field::Number {
            from: 1.0,
            to: 86_400.0,
            zero: Some("none are kept"),
            get: |snapshots| snapshots.every_seconds,
            set: |snapshots, number| snapshots.every_seconds = number,
        },
    },
    Key {
        name: "days",
        effect: Effect::AtOnce,
        required: false,
        unit: "days",
        about: "Pictures of the time-lapse are deleted when they are so old. Snapshots that somebody asked for stay.",
        field: Field::Number {
            from: 0.01,
            to: 3650.0,
            zero: Some("never because of their age"),
            get: |snapshots| snapshots.days,
            set: |snapshots, number| snapshots.days = number,
        },
    },
    Key {
        name: "max_mib",
        effect: Effect::AtOnce,
        required: false,
        unit: "MiB",
        about: "When the whole time-lapse needs more, its oldest pictures are deleted; so they are when the disk of the state \
                folder is nearly full.",
        field: Field::Whole {
            from: 1,
            to: MOST_DISK,
            get: |snapshots| snapshots.max_mib,
            set: |snapshots, number| snapshots.max_mib = number,
        },
    },
];
