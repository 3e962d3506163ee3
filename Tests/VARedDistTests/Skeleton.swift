import Testing
@testable import VARedDist
