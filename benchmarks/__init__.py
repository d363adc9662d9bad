"""What performance claims rest on; never part of the tests."""
