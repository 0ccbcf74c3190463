int main() {}  // What is made of this folder's list are the precompiled headers of the tests.
