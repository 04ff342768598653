//! How hot the board is, as the kernel says. Knows files of sysfs, nothing of what is done about heat.

use std::fs;
use std::path::PathBuf;

/// What tells a temperature.
pub trait Thermometer: Send {
    /// Of the hottest part, in degrees Celsius; `None` where nothing can be read.
    fn celsius(&self) -> Option<f32>;
}

/// Temperatures that a board can have: sensors that aren't connected tell anything.
const BELIEVABLE: std::ops::RangeInclusive<f32> = -40.0..=150.0;

/// The kernel's thermal zones (Documentation/driver-api/thermal/sysfs-api.rst), in thousandths of a degree.
pub struct ThermalZones(PathBuf);

impl ThermalZones {
    pub fn of_this_board() -> Self {
        Self::in_folder("/sys/class/thermal")
    }

    /// With its folders `thermal_zone0` and so on elsewhere.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }
}

impl Thermometer for ThermalZones {
    fn celsius(&self) -> Option<f32> {
        let zones = fs::read_dir(&self.0).ok()?.flatten();
        zones
            .filter(|zone| zone.file_name().to_string_lossy().starts_with("thermal_zone"))
            .filter_map(|zone| fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse::<f32>().ok())
            .map(|thousandths| thousandths / 1000.0)
            .filter(|celsius| BELIEVABLE.contains(celsius))
            .reduce(f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_believable_zone_counts() {
        let folder = tempfile::tempdir().unwrap();
        let thermometer = ThermalZones::in_folder(folder.path());
        assert_eq!(thermometer.celsius(), None);
        let temperatures =
            [("thermal_zone0", "48500\n"), ("thermal_zone1", "61250\n"), ("thermal_zone2", "-273000\n")];
        for (zone, temperature) in
            temperatures.iter().chain(&[("thermal_zone3", "?"), ("cooling_device0", "9")])
        {
            fs::create_dir(folder.path().join(zone)).unwrap();
            fs::write(folder.path().join(zone).join("temp"), temperature).unwrap();
        }
        assert_eq!(thermometer.celsius(), Some(61.25));
        assert_eq!(ThermalZones::in_folder("/nowhere").celsius(), None);
    }
}
