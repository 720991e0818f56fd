//! Makes Cargo look again when the interface was built. Needs no Node: an interface that was not
//! built is an empty folder, and the server then says how to build it.

fn main() {
    let dist = "../../web/dist";
    // Cargo takes a path that is not there for one that always changes, and would build the server
    // anew each time. In a source tree that cannot be written, that is what happens.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={dist}");
    println!("cargo::rerun-if-changed=build.rs");
}
