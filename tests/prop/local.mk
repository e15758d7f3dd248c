# prop tests
