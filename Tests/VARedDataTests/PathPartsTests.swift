// Folders in paths.

import Testing

@testable import VARedData

@Suite struct PathPartsTests {
  @Test(arguments: [
    ("a", ""), ("", ""), ("/", "/"), ("/a", "/"), ("//a", "/"), ("a/b", "a"), ("a/b/", "a"),
    ("a//b", "a"),
    ("/a/b/c", "/a/b"), ("./a", "."), ("../", ""), ("é/日", "é"),
  ])
  func folder(_ path: String, _ folder: String) {
    #expect(PathParts.folder(of: path) == folder)
  }
}
