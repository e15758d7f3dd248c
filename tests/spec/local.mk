# spec tests
