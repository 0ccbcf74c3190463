# Builds for 64-bit Arm on another machine, with Debian's cross compiler and its libraries of arm64
# (`dpkg --add-architecture arm64`); the preset arm64 takes it. scripts/prove_arm64 has such a Debian.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
# Of the same two libraries, that of this machine is not meant: pkg-config of arm64 knows only those of arm64.
set(PKG_CONFIG_EXECUTABLE aarch64-linux-gnu-pkg-config)
