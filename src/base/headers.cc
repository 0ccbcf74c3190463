// What is made of the list in src/CMakeLists.txt are the precompiled headers of all modules.
