//! Touch events as plain data.

use web_sys::TouchEvent;

/// Where the finger is, if it is only one, CSS pixels.
pub fn one_finger(event: &TouchEvent) -> Option<(f64, f64)> {
    let fingers = event.touches();
    let finger = fingers.item(0).filter(|_| fingers.length() == 1)?;
    Some((finger.client_x().into(), finger.client_y().into()))
}
