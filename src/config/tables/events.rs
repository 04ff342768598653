//! The keys of `[events]`.

use crate::config::Events;
use crate::config::keys::{Effect, Field, Key};

/// Most memory for one camera, and most of a disk, in MiB.
const MOST_MEMORY: u32 = 1024;
pub const MOST_DISK: u32 = 16 << 20;

/// `[events]`
pub static EVENTS: &[Key<Events>] = &[
    Key {
        name: "enabled",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "Keep what happens, from the first motion to the end of its state, with a picture and a clip. What was kept \
                before stays.",
        field: Field::Switch { get: |events| events.enabled, set: |events, switch| events.enabled = switch },
    },
    Key {
        name: "before_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "A clip begins so long before the motion. Its pictures wait in memory, as far as `memory_mib` allows.",
        field: Field::Number {
            from: 0.0,
            to: 60.0,
            zero: None,
            get: |events| events.before_seconds,
            set: |events, number| events.before_seconds = number,
        },
    },
    Key {
        name: "after_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "And ends so long after it. Motion that begins again meanwhile belongs to the same event.",
        field: Field::Number {
            from: 0.0,
            to: 300.0,
            zero: None,
            get: |events| events.after_seconds,
            set: |events, number| events.after_seconds = number,
        },
    },
    Key {
        name: "longest_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "What lasts longer goes on as another event with a clip of its own.",
        field: Field::Number {
            from: 10.0,
            to: 3600.0,
            zero: None,
            get: |events| events.longest_seconds,
            set: |events, number| events.longest_seconds = number,
        },
    },
    Key {
        name: "encode_fps",
        effect: Effect::AtOnce,
        required: false,
        unit: "frames a second",
        about: "Pictures a second in the clips of cameras that deliver no JPEG: theirs must be encoded all the time, since \
                nobody knows when something will move. JPEG cameras' own pictures are kept, all of them and as they came.",
        field: Field::Number {
            from: 0.5,
            to: 60.0,
            zero: None,
            get: |events| events.encode_fps,
            set: |events, number| events.encode_fps = number,
        },
    },
    Key {
        name: "memory_mib",
        effect: Effect::AtOnce,
        required: false,
        unit: "MiB",
        about: "Most memory for each camera's pictures that may still belong to a clip. If it is too little for \
                `before_seconds`, clips begin later.",
        field: Field::Whole {
            from: 1,
            to: MOST_MEMORY,
            get: |events| events.memory_mib,
            set: |events, number| events.memory_mib = number,
        },
    },
    Key {
        name: "days",
        effect: Effect::AtOnce,
        required: false,
        unit: "days",
        about: "Events are deleted when they are so old, but for those that are marked to be kept.",
        field: Field::Number {
            from: 0.01,
            to: 3650.0,
            zero: Some("never because of their age"),
            get: |events| events.days,
            set: |events, number| events.days = number,
        },
    },
    Key {
        name: "max_mib",
        effect: Effect::AtOnce,
        required: false,
        unit: "MiB",
        about: "When all events together need more, the oldest are deleted, but for those that are marked to be kept.",
        field: Field::Whole {
            from: 1,
            to: MOST_DISK,
            get: |events| events.max_mib,
            set: |events, number| events.max_mib = number,
        },
    },
    Key {
        name: "reserve_mib",
        effect: Effect::AtOnce,
        required: false,
        unit: "MiB",
        about: "So much of the state folder's disk stays free: the oldest events are deleted for it too, and if that isn't \
                enough, nothing is recorded until there is room again.",
        field: Field::Whole {
            from: 0,
            to: MOST_DISK,
            get: |events| events.reserve_mib,
            set: |events, number| events.reserve_mib = number,
        },
    },
];
